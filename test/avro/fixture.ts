import { onTestFinished } from 'vitest'
import type { Batch } from '../../agent/core/batch.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { SinkContext } from '../../agent/core/sink.ts'
import { AvroClientSink } from '../../agent/rpc/avro/client-sink.ts'
import type { ClientConfig } from '../../agent/rpc/avro/client-sink.ts'
import { FixedPeers } from '../../agent/rpc/avro/peers.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import type { ManualClock } from '../sim/clock.ts'
import { SeededRandom } from '../sim/random.ts'
import { batchFrom } from './batches.ts'
import { ScriptedServer } from './scripted-server.ts'
import type { ScriptedServerOptions } from './scripted-server.ts'

/** Nothing of it fires in a test unless the test wants it to. */
export const CONFIG: ClientConfig = {
  batchSize: 100,
  batchBytes: 2 ** 20,
  connections: 1,
  maxInFlight: 10_000,
  requestTimeout: 60_000,
  connectTimeout: 60_000,
  compression: 'none',
  compressionLevel: 6,
}

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

export const NEVER = new AbortController().signal

/** Ends with the test. */
export async function serverOf(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.listening(options)
  onTestFinished(() => server.kill())
  return server
}

export function serversOf(count: number): Promise<ScriptedServer[]> {
  return Promise.all(Array.from({ length: count }, () => serverOf()))
}

/** A sink that runs, and ends with the test. */
export async function sinkTo(
  servers: readonly { readonly port: number }[],
  config: Partial<ClientConfig> = {},
  clock: Clock = systemClock,
): Promise<AvroClientSink> {
  const peers = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  const sink = new AvroClientSink(new FixedPeers(peers), { ...CONFIG, ...config })
  onTestFinished(() => sink.stop())
  await sink.start(sinkContext(clock))
  return sink
}

export function sinkContext(clock: Clock = systemClock): SinkContext {
  return {
    name: 'out',
    flow: 'f',
    clock,
    random: new SeededRandom(1),
    disk: nodeDisk,
    log: silent,
    state: undefined,
    saveState: async () => {},
  }
}

/** Events whose bodies count up, with the ids of one stream. */
export function eventsFrom(first: number, count: number, stream = 's'): Batch {
  return { ...plainEventsFrom(first, count), ids: { stream, first } }
}

export function plainEventsFrom(first: number, count: number): Batch {
  const bodies = Array.from({ length: count }, (_, i) => String(first + i))
  return batchFrom(bodies.map((body) => ({ headers: { host: 'h' }, body })))
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<FlumeError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (thrown: unknown) => thrown,
  )
  if (outcome instanceof FlumeError) return outcome
  throw new Error(`expected a FlumeError, but ${String(outcome)}`)
}

/** Sockets tell of themselves in turns of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

/** The same, with a little time passing in each turn. */
export async function passUntil(clock: ManualClock, condition: () => boolean): Promise<void> {
  while (!condition()) {
    clock.advance(10)
    await new Promise(setImmediate)
  }
}

/** Whether a promise settled by now. */
export function settling(promise: Promise<unknown>): () => boolean {
  let settled = false
  const settle = (): void => {
    settled = true
  }
  promise.then(settle, settle)
  return () => settled
}
