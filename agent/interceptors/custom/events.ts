import { batchOf, endOf, headersAt, select, startOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { DeadLetter, DeadLetterKind } from '../../core/dead-letter.ts'
import type { Intercepted } from '../../core/interceptor.ts'
import type { PluginFunction } from './module.ts'
import { thrownText } from './plugin-error.ts'
import { kindOf } from './plugin.ts'

/** Children of one event travel in one record. */
export const SPLIT_EVENTS_MAX = 1000
const HEADER_NAME_LENGTH_MAX = 256
/** Of all headers of one event together. */
export const HEADERS_LENGTH_MAX = 64 * 1024

interface Result {
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

interface Failure {
  readonly kind: DeadLetterKind
  readonly reason: string
}

/**
 * Gives each event to the plugin and takes what it gives back: one event, none, or several that share
 * the parent's offset. Events on which it throws or gives back something else become dead letters as they
 * came, with the reason.
 */
export function interceptWith(batch: Batch, plugin: PluginFunction): Batch | Intercepted {
  if (batch.count === 0) return batch
  // A copy: what a plugin writes into a body must not show in the dead letter.
  const bodies = Buffer.from(batch.bodies)
  const results: Result[] = []
  const parents: number[] = []
  const failed = new Map<string, Failure & { readonly events: number[] }>()
  for (let i = 0; i < batch.count; i++) {
    const body = bodies.subarray(startOf(batch, i), endOf(batch, i))
    const outcome = call(plugin, { headers: headersAt(batch, i), body }, bodies)
    if (Array.isArray(outcome)) {
      for (const each of outcome) {
        results.push(each)
        parents.push(i)
      }
      continue
    }
    const failure = outcome as Failure
    const key = `${failure.kind} ${failure.reason}`
    const known = failed.get(key)
    if (known === undefined) failed.set(key, { ...failure, events: [i] })
    else known.events.push(i)
  }
  const kept = batchOf(results, originOf(batch, parents))
  if (failed.size === 0) return kept
  const deadLetters = Array.from(failed.values(), ({ kind, reason, events }): DeadLetter => {
    return { kind, reason, batch: select(batch, Uint32Array.from(events)) }
  })
  return { batch: kept, deadLetters }
}

function originOf({ origin }: Batch, parents: readonly number[]): Batch['origin'] {
  return origin && { ...origin, offsets: Float64Array.from(parents, (i) => origin.offsets[i]!) }
}

function call(
  plugin: PluginFunction,
  event: Parameters<PluginFunction>[0],
  bodies: Buffer,
): readonly Result[] | Failure {
  try {
    const returned = plugin(event)
    if (returned === undefined) return []
    if (!Array.isArray(returned)) return [take(returned, bodies)]
    if (returned.length > SPLIT_EVENTS_MAX)
      throw new WrongShape(
        `${returned.length} events for one, of which at most ${SPLIT_EVENTS_MAX} can travel together`,
      )
    for (const each of returned as unknown[]) disarm(each)
    return returned.map((each) => take(each, bodies))
  } catch (thrown) {
    if (thrown instanceof WrongShape)
      return { kind: 'returned', reason: `the plugin returned ${thrown.message}` }
    return { kind: 'threw', reason: thrownText(thrown) }
  }
}

/** What a plugin gave back is no event. */
class WrongShape extends Error {}

/** The event as it is now: a plugin may use its objects again for the next one. */
function take(value: unknown, bodies: Buffer): Result {
  disarm(value)
  if (value instanceof Promise)
    throw new WrongShape('a promise; events do not wait, so the function must not be async')
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new WrongShape(`${kindOf(value)} and no event { headers, body }`)
  const { headers, body } = value as { readonly headers?: unknown; readonly body?: unknown }
  if (!(body instanceof Uint8Array))
    throw new WrongShape(`an event whose body is ${kindOf(body)}; it must be a Buffer`)
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers))
    throw new WrongShape(`an event whose headers are ${kindOf(headers)}; they must be an object`)
  const own = body.buffer === bodies.buffer
  return { headers: takeHeaders(headers), body: own ? body : Buffer.from(body) }
}

/** A promise that fails later would end the agent, as nobody waits for it. */
function disarm(value: unknown): void {
  if (value instanceof Promise) value.catch(() => {})
}

function takeHeaders(headers: object): Result['headers'] {
  const taken = Object.create(null) as Record<string, string>
  let length = 0
  for (const [name, value] of Object.entries(headers) as [string, unknown][]) {
    if (value === undefined) continue
    if (typeof value !== 'string')
      throw new WrongShape(`an event whose header ${short(name)} is ${kindOf(value)}, not a text`)
    if (name === '' || name.length > HEADER_NAME_LENGTH_MAX)
      throw new WrongShape(
        `an event with a header name of ${name.length} characters; 1 to ${HEADER_NAME_LENGTH_MAX} are allowed`,
      )
    length += name.length + value.length
    if (length > HEADERS_LENGTH_MAX)
      throw new WrongShape(`an event with more than ${HEADERS_LENGTH_MAX} characters of headers`)
    taken[name] = value
  }
  return taken
}

function short(name: string): string {
  return name.length <= 64 ? name : `${name.slice(0, 63)}…`
}
