import type { IncomingMessage } from 'node:http'
import type { Clock, Timer } from '../../agent/lib/clock.ts'
import { refusalInEvent } from './answers.ts'
import { KubeError } from './errors.ts'
import { Lines } from './lines.ts'
import { failureOf } from './transport.ts'
import type { KubeObject, WatchEvent } from './types.ts'

/** An object of etcd has at most 1.5 MiB; as JSON with managedFields it is longer. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024
/** The API server sends a bookmark about once a minute: a watch that says less than that is dead. */
export const SILENCE_MAX_MS = 90_000

interface RawEvent {
  readonly type?: string
  readonly object?: KubeObject
}

/**
 * The events in the answer to a watch, until the server ends it or `signal` aborts. Throws a KubeError for an ERROR
 * event, a broken connection, a line that is no event, and when nothing came for SILENCE_MAX_MS.
 */
export async function* eventsOf<T extends KubeObject>(
  response: IncomingMessage,
  { tried, clock, signal }: { tried: string; clock: Clock; signal: AbortSignal },
): AsyncGenerator<WatchEvent<T>> {
  const lines = new Lines(LINE_BYTES_MAX)
  let silence: Timer | undefined
  const listen = (): void => {
    silence?.clear()
    silence = clock.schedule(() => response.destroy(silent(tried)), SILENCE_MAX_MS)
  }
  try {
    listen()
    for await (const chunk of response as AsyncIterable<Buffer>) {
      listen()
      for (const line of lines.push(chunk)) yield eventIn<T>(line, tried)
    }
  } catch (thrown) {
    if (signal.aborted) return
    throw thrown instanceof RangeError ? unusable(tried, thrown) : failureOf(tried, thrown)
  } finally {
    silence?.clear()
    response.destroy()
  }
  if (lines.pendingBytes === 0 || signal.aborted) return
  throw new KubeError('FLM7101', tried, {
    why: `the connection ended ${lines.pendingBytes} bytes into an event`,
    retryable: true,
  })
}

function eventIn<T extends KubeObject>(line: string, tried: string): WatchEvent<T> {
  const { type, object } = parse(line, tried)
  switch (type) {
    case 'ADDED':
    case 'MODIFIED':
    case 'DELETED':
      if (typeof object?.metadata?.name !== 'string') break
      return { type, object: object as T }
    case 'BOOKMARK':
      if (typeof object?.metadata?.resourceVersion !== 'string') break
      return { type, resourceVersion: object.metadata.resourceVersion }
    case 'ERROR':
      throw refusalInEvent(tried, object)
    case undefined:
    default:
  }
  throw unusable(tried, new Error(`an event of type ${String(type)} without what belongs to it`))
}

function parse(line: string, tried: string): RawEvent {
  try {
    return (JSON.parse(line) ?? {}) as RawEvent
  } catch (cause) {
    throw unusable(tried, new Error(`a line of ${line.length} characters is not JSON`, { cause }))
  }
}

function unusable(tried: string, cause: Error): KubeError {
  return new KubeError('FLM7105', tried, { why: cause.message, retryable: true, cause })
}

function silent(tried: string): KubeError {
  return new KubeError('FLM7102', tried, {
    why: `the API server said nothing for ${SILENCE_MAX_MS} ms`,
    retryable: true,
  })
}
