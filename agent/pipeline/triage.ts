import { slice } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { Lease } from '../core/channel.ts'
import type { FailingEvent, FlumeError } from '../core/errors.ts'
import { toFlumeError } from '../core/errors.ts'
import { DeadLetterEvents } from '../telemetry/dead-letter-events.ts'
import type { Letters } from './dead-letter-batch.ts'
import { DeadLetters } from './dead-letters.ts'
import type { DeadLettersOptions } from './dead-letters.ts'
import { isVerdict } from './verdict.ts'

/** A lease whose write failed for good, so that events of it will never be taken. */
export interface Suspect {
  readonly lease: Lease
  readonly error: FlumeError
}

export interface TriageOptions extends DeadLettersOptions {
  /** Writes to the sink, started anew if the last failure ended it. */
  readonly write: (batches: readonly Batch[]) => Promise<Buffer | undefined>
  /** Ends a lease, so many events of which are dead letters; throws what the channel throws. */
  readonly acknowledge: (lease: Lease, state: Buffer | undefined, letters: number) => void
}

/** Part of a lease on its way through the triage. */
interface Case {
  readonly lease: Lease
  /** What was written last, and why it failed; undefined: it is to be written. */
  readonly failed: { readonly batches: readonly Batch[]; readonly error: FlumeError } | undefined
  readonly error: FlumeError
  /** Writes so far. */
  readonly attempts: number
  /** Events of it that are in the dead-letter channel, as `stream/sequence`. */
  readonly letters: ReadonlySet<string>
}

/**
 * Finds the events that a sink will never take, hands them to the dead-letter channel and has the others
 * written. Leases are halved, so that each part is acknowledged by itself with the state that belongs
 * to it; one after the other and in order, since a sink's state claims all that was written before.
 *
 * Ends: each step writes a part that is then done, halves one, or adds to its dead letters. Halving a
 * lease of n events takes log2(n) levels.
 */
export class Triage {
  readonly #options: TriageOptions
  readonly #deadLetters: DeadLetters
  readonly #events: DeadLetterEvents

  constructor(options: TriageOptions) {
    this.#options = options
    this.#deadLetters = new DeadLetters(options)
    const { flow, log, metrics } = options.context
    this.#events = new DeadLetterEvents(flow, { log, metrics })
  }

  /** Whether a failure is a reason for it: the events are to blame, and there is a place for them. */
  concerns(error: FlumeError): boolean {
    return isVerdict(error) && this.#deadLetters.configured
  }

  /** Events that became dead letters. */
  get lettersTotal(): number {
    return this.#events.total
  }

  /** Why it takes so long, while it does. */
  get problem(): FlumeError | undefined {
    return this.#deadLetters.problem
  }

  /** All leases are ended when it resolves. An error is one that stopped it: what was left was released. */
  async run(suspects: readonly Suspect[]): Promise<FlumeError | undefined> {
    const cases: Case[] = suspects.map(({ lease, error }) => ({
      lease,
      failed: { batches: lease.batches, error },
      error,
      attempts: 1,
      letters: new Set(),
    }))
    for (let next = cases.shift(); next !== undefined; next = cases.shift()) {
      try {
        cases.unshift(...(await this.#step(next)))
      } catch (thrown) {
        for (const { lease } of [next, ...cases]) lease.release()
        return toFlumeError(thrown)
      }
    }
    return undefined
  }

  /** What is left to do of it. Throws with its lease still open. */
  async #step(one: Case): Promise<readonly Case[]> {
    if (one.failed === undefined) return this.#write(one)
    const { lease, error } = one
    const known = error.outcome === 'none'
    const named = known ? namedParts(one.failed.batches, error.failing) : []
    if (named.length > 0) {
      const letters = await this.#bury(one, named)
      return [{ ...one, letters, failed: undefined }]
    }
    const alive = partsOf(one, 'alive')
    if (known && eventsOf(alive) > 1) {
      const [first, rest] = lease.split(lease.events >> 1)
      const unwritten = { ...one, failed: undefined }
      return [
        { ...unwritten, lease: first },
        { ...unwritten, lease: rest },
      ]
    }
    const reason = `${error.code} ${error.message}`
    const letters = await this.#bury(
      one,
      alive.map((batch) => ({ batch, reason })),
    )
    this.#end({ ...one, letters }, undefined)
    return []
  }

  async #write(one: Case): Promise<readonly Case[]> {
    const batches = partsOf(one, 'alive')
    let state: Buffer | undefined
    try {
      if (batches.length > 0) state = await this.#options.write(batches)
    } catch (thrown) {
      const error = toFlumeError(thrown)
      if (!isVerdict(error)) throw error
      return [{ ...one, failed: { batches, error }, error, attempts: one.attempts + 1 }]
    }
    this.#end(one, state)
    return []
  }

  #end(one: Case, state: Buffer | undefined): void {
    const letters = eventsOf(partsOf(one, 'dead'))
    this.#options.acknowledge(one.lease, state, letters)
    if (letters === 0) return
    const { code: kind, message: reason } = one.error
    const why = { component: `sink ${this.#options.sink}`, kind, reason }
    this.#events.deadLettered(letters, why, this.#options.context.clock.monotonic())
  }

  /** Resolves to all dead letters of the case, when they are safe. */
  async #bury(
    { attempts, letters }: Case,
    parts: readonly Pick<Letters, 'batch' | 'reason'>[],
  ): Promise<ReadonlySet<string>> {
    const component = `sink ${this.#options.sink}`
    await this.#deadLetters.add(parts.map((part) => ({ ...part, component, attempts })))
    const all = new Set(letters)
    for (const { batch } of parts) for (let i = 0; i < batch.count; i++) all.add(keyOf(batch, i))
    return all
  }
}

/** The named events, neighbours together; places that are none are left out. */
function namedParts(
  batches: readonly Batch[],
  failing: readonly FailingEvent[],
): Pick<Letters, 'batch' | 'reason'>[] {
  const byBatch = Map.groupBy(failing, (each) => each.batch)
  return batches.flatMap((batch, at) => {
    const here = byBatch.get(at) ?? []
    const reasons = new Map(here.map(({ event, reason }) => [event, reason]))
    return runsOf(batch, (i) => reasons.has(i))
      .filter(({ holds }) => holds)
      .map(({ from, to }) => ({
        batch: slice(batch, from, to),
        reason: Array.from({ length: to - from }, (_, i) => reasons.get(from + i)!),
      }))
  })
}

/** Those events of a lease that are dead letters, or those that are not: with their ids. */
function partsOf({ lease, letters }: Case, wanted: 'dead' | 'alive'): readonly Batch[] {
  if (letters.size === 0) return wanted === 'dead' ? [] : lease.batches
  return lease.batches.flatMap((batch) =>
    runsOf(batch, (i) => letters.has(keyOf(batch, i)) === (wanted === 'dead'))
      .filter(({ holds }) => holds)
      .map(({ from, to }) => slice(batch, from, to)),
  )
}

interface Run {
  readonly from: number
  to: number
  readonly holds: boolean
}

/** The stretches of a batch in which the predicate holds, and those in which it does not. */
function runsOf(batch: Batch, predicate: (i: number) => boolean): readonly Run[] {
  const runs: Run[] = []
  for (let i = 0; i < batch.count; i++) {
    const holds = predicate(i)
    const last = runs.at(-1)
    if (last?.holds === holds) last.to = i + 1
    else runs.push({ from: i, to: i + 1, holds })
  }
  return runs
}

function keyOf({ ids }: Batch, i: number): string {
  return `${ids!.stream}/${ids!.first + i}`
}

function eventsOf(batches: readonly Batch[]): number {
  return batches.reduce((events, batch) => events + batch.count, 0)
}
