import { fail } from '../channel-model.ts'

/** One event, from the source of its sender to the outputs of the receivers. */
interface HopEvent {
  readonly key: string
  readonly sender: string
  /** Whether the channel of the sender has it; 'maybe' when the process ended before the receipt. */
  state: 'pending' | 'safe' | 'maybe' | 'absent'
  /** Stream and sequence: once given they stand for this event for ever. */
  id: string | undefined
  sequence: number
  readonly sentTo: Set<string>
  /** Receivers that answered OK for it, whether that was heard or not. */
  readonly okBy: Set<string>
  acknowledged: 'no' | 'said' | 'durable'
  /** In how many replicas it may be. */
  copiesMax: number
  /** Why it may be missing: a volume went back in time, or the routing drops it. */
  excuse: string | undefined
}

/** A request as it arrived. */
export interface Arrival {
  readonly id: number
  readonly stream: string
  readonly floor: number
  readonly keys: readonly string[]
}

/** What is kept with a snapshot of a volume: keys that must be there when it comes back. */
export type Memory = ReadonlySet<string>

/**
 * Watches the events of all senders on their way. What it says of the promises in DESIGN §1:
 *
 * - **No loss.** What a sender's channel acknowledged to its source is in an output at the end.
 * - **No lie.** What a receiver answered OK for, and what lies above the floors it was told, is in all its
 *   channels that its routing names.
 * - **Same receiver: no duplicate**, while its routing and its disk stay (see Output).
 * - **Another replica: at most what was in flight or unacknowledged at a crash.** An event may be in one
 *   replica. It may be in one more for each time that its sender had to give up a write of it (it was in
 *   flight at a fail-over: the answer may be lost, or the request may arrive later), and for each time that
 *   the sender ended before the acknowledgement of it was on disk. An event whose acknowledgement was
 *   given is not handed out again, ever, so that nothing else can come twice. `bound` adds that up.
 */
export class HopOracle {
  eventsChecked = 0
  /** Copies in a second replica, and how many of them could be excused. */
  duplicates = 0
  bound = 0
  readonly #events = new Map<string, HopEvent>()
  readonly #byId = new Map<string, string>()
  /** By receiver and channel what must be in its output: `key`s. */
  readonly #owed = new Map<string, Map<string, Set<string>>>()
  readonly #note: (what: string) => void

  constructor(note: (what: string) => void) {
    this.#note = note
  }

  // The sender.

  /** Events on their way into the channel of their sender. */
  appending(sender: string, keys: readonly string[]): void {
    for (const key of keys) {
      this.#events.set(key, {
        key,
        sender,
        state: 'pending',
        id: undefined,
        sequence: -1,
        sentTo: new Set(),
        okBy: new Set(),
        acknowledged: 'no',
        copiesMax: 1,
        excuse: undefined,
      })
    }
  }

  appended(keys: readonly string[], outcome: 'safe' | 'absent' | 'maybe'): void {
    for (const key of keys) {
      const event = this.#event(key)
      if (outcome === 'absent' && event.id !== undefined)
        fail(`${key} was handed out, but its append failed`)
      event.state = outcome
    }
  }

  /** A lease of the sender has it. */
  leased(key: string, stream: string, sequence: number): void {
    const event = this.#event(key)
    const id = `${stream}#${sequence}`
    if (event.state === 'absent') fail(`${key} was handed out, but its append failed`)
    if (event.id !== undefined && event.id !== id)
      fail(`${key} was ${event.id} and is ${id} now: no receiver can tell that it is the same`)
    const other = this.#byId.get(id)
    if (other !== undefined && other !== key)
      fail(`${id} stood for ${other} and stands for ${key} now: receivers drop it as a repeat`)
    if (event.acknowledged !== 'no')
      fail(`${key} was acknowledged (${event.acknowledged}) and is handed out again`)
    this.#byId.set(id, key)
    event.id = id
    event.sequence = sequence
  }

  /** A request leaves its sender. */
  sending(sender: string, receiver: string, keys: readonly string[]): void {
    this.#note(`${sender} → ${receiver}: ${keys[0]} … ${keys.at(-1)}`)
    for (const key of keys) this.#event(key).sentTo.add(receiver)
  }

  /** A sink of the sender itself delivers it, to a target of that name. */
  written(keys: readonly string[], target: string): void {
    this.#note(`${target}: ${keys[0]} … ${keys.at(-1)}`)
    for (const key of keys) this.#event(key).sentTo.add(target)
  }

  /** The sender gave up a write: it does not know what became of it. */
  gaveUp(keys: readonly string[]): void {
    for (const key of keys) this.#mayRepeat(this.#event(key))
  }

  acknowledging(keys: readonly string[]): void {
    for (const key of keys) this.#event(key).acknowledged = 'said'
  }

  acknowledged(keys: readonly string[]): void {
    for (const key of keys) this.#event(key).acknowledged = 'durable'
  }

  /** The sender's process ended: what it sent and what it was told is known as far as it is on disk. */
  senderEnded(sender: string): void {
    for (const event of this.#of(sender)) {
      if (event.state === 'pending') event.state = 'maybe'
      if (event.acknowledged === 'durable') continue
      event.acknowledged = 'no'
      this.#mayRepeat(event)
    }
  }

  rememberSender(sender: string): Memory {
    return keysOf(this.#of(sender), ({ state }) => state === 'safe')
  }

  /** The sender's volume is an older one: what came since is gone, what was acknowledged since is back. */
  senderRestored(sender: string, memory: Memory): void {
    this.senderEnded(sender)
    for (const event of this.#of(sender)) {
      event.acknowledged = 'no'
      this.#mayRepeat(event)
      if (!memory.has(event.key) && event.okBy.size === 0)
        event.excuse ??= `${sender} went back to before it`
    }
  }

  // The receivers.

  /** A receiver answered OK; `channelsOf`: where its routing sends an event; `floor`: the highest it was told. */
  answeredOk(
    receiver: string,
    request: Arrival,
    told: { readonly floor: number; readonly channelsOf: (key: string) => readonly string[] },
  ): void {
    for (const key of request.keys) {
      const event = this.#event(key)
      event.okBy.add(receiver)
      if (event.sequence < told.floor) continue
      const channels = told.channelsOf(key)
      if (channels.length === 0) event.excuse ??= 'the routing drops it'
      for (const channel of channels) this.#owedBy(receiver, channel).add(key)
    }
  }

  rememberReceiver(receiver: string): Memory {
    return keysOf(this.#events.values(), ({ okBy }) => okBy.has(receiver))
  }

  /** The receiver's volume is an older one. `delivered`: what left it before. */
  receiverRestored(receiver: string, memory: Memory, delivered: (key: string) => boolean): void {
    for (const owed of this.#owed.get(receiver)?.values() ?? [])
      for (const key of owed) if (!memory.has(key)) owed.delete(key)
    for (const event of this.#events.values()) {
      if (!event.okBy.has(receiver) || memory.has(event.key)) continue
      event.okBy.delete(receiver)
      if (!delivered(event.key)) event.excuse ??= `${receiver} went back to before it`
    }
  }

  sequenceOf(key: string): number {
    return this.#event(key).sequence
  }

  /** An event comes out of a receiver. */
  delivered(receiver: string, key: string): void {
    const event = this.#event(key)
    if (event.state === 'absent') fail(`${key} was delivered, but its append failed`)
    if (!event.sentTo.has(receiver)) fail(`${key} was delivered by ${receiver}, which never got it`)
    this.eventsChecked++
  }

  // The end.

  /** Whether all that was acknowledged to the sources is in one of `outputs`. */
  arrived(outputs: readonly ReadonlySet<string>[]): boolean {
    return this.#missing(outputs) === undefined
  }

  /** `outputs`: by agent and channel what is in the target. */
  check(outputs: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>): void {
    const all = [...outputs.values()].map(unionOf)
    const missing = this.#missing(all)
    if (missing !== undefined) fail(describe(missing))
    this.#checkOwed(outputs)
    for (const event of this.#events.values()) {
      const copies = all.filter((keys) => keys.has(event.key)).length
      if (copies > 1) this.duplicates += copies - 1
      this.bound += event.copiesMax - 1
      if (copies > event.copiesMax) {
        fail(
          `${event.key} (${event.id}) is in ${copies} replicas, but was neither in flight at a fail-over ` +
            'nor unacknowledged at a crash',
        )
      }
    }
  }

  #checkOwed(outputs: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<string>>>): void {
    for (const [receiver, channels] of this.#owed) {
      for (const [channel, keys] of channels) {
        const output = outputs.get(receiver)!.get(channel)!
        const key = [...keys].find((each) => !output.has(each))
        if (key !== undefined)
          fail(`${receiver} answered OK for ${key}, and it is not in its channel ${channel}`)
      }
    }
  }

  #mayRepeat(event: HopEvent): void {
    if (event.sentTo.size > 0) event.copiesMax++
  }

  #missing(outputs: readonly ReadonlySet<string>[]): HopEvent | undefined {
    for (const event of this.#events.values()) {
      if (event.state !== 'safe' || event.excuse !== undefined) continue
      if (!outputs.some((output) => output.has(event.key))) return event
    }
    return undefined
  }

  #owedBy(receiver: string, channel: string): Set<string> {
    let channels = this.#owed.get(receiver)
    if (channels === undefined) this.#owed.set(receiver, (channels = new Map()))
    let keys = channels.get(channel)
    if (keys === undefined) channels.set(channel, (keys = new Set()))
    return keys
  }

  *#of(sender: string): IterableIterator<HopEvent> {
    for (const event of this.#events.values()) if (event.sender === sender) yield event
  }

  #event(key: string): HopEvent {
    return this.#events.get(key) ?? fail(`${key} is an event that was never made`)
  }
}

function unionOf(channels: ReadonlyMap<string, ReadonlySet<string>>): ReadonlySet<string> {
  const all = new Set<string>()
  for (const keys of channels.values()) for (const key of keys) all.add(key)
  return all
}

function keysOf(events: Iterable<HopEvent>, holds: (event: HopEvent) => boolean): Memory {
  return new Set([...events].filter(holds).map(({ key }) => key))
}

function describe({ key, id, sentTo, okBy }: HopEvent): string {
  const list = (names: ReadonlySet<string>): string => [...names].join(' and ') || 'nobody'
  return (
    `${key} (${id ?? 'never handed out'}) was acknowledged to its source and is in no output; ` +
    `it was sent to ${list(sentTo)}, OK was answered by ${list(okBy)}`
  )
}
