import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentStatus } from '../../agent/core/status.ts'

/** Between two questions: nothing is known more exactly. */
const LOOK_MS = 20
const ANSWER_MS_MAX = 500

/** A hub as the edge sees it. */
export interface HubSeen {
  readonly live: boolean
  /** Lines it has confirmed to the edge process that runs now. */
  readonly eventsTotal: number
}

/** What is used of what the sink `agent` says of itself. */
interface SinkDetails {
  /** By ordinal of the replica. */
  readonly endpoints: readonly HubSeen[]
  readonly maxInFlight: number
}

export interface WatchOptions {
  /** Where each agent answers (`HOST:PORT`); fewer while they start. */
  readonly addresses: () => ReadonlyMap<string, string>
  /** The one that hands over lines. */
  readonly edge: string
}

/** Asks the agents for their /status many times a second, and remembers what the story is about. */
export class Watch {
  readonly #options: WatchOptions
  /** The last answer of each agent; undefined: it did not answer. */
  readonly #answers = new Map<string, AgentStatus | undefined>()
  readonly #asking = new Map<string, Promise<void>>()
  readonly #stop = new AbortController()
  #edge: AgentStatus | undefined
  #longestWaitMs = 0
  /** Counts calls of `forget`: an answer to an earlier question is none. */
  #era = 0

  constructor(options: WatchOptions) {
    this.#options = options
  }

  /** Until `stop`. */
  async run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      // One that hangs holds up nobody but itself.
      for (const [name, address] of this.#options.addresses()) {
        if (this.#asking.has(name)) continue
        const asking = this.#ask(name, address).finally(() => this.#asking.delete(name))
        this.#asking.set(name, asking)
      }
      await sleep(LOOK_MS)
    }
    await Promise.all(this.#asking.values())
  }

  stop(): void {
    this.#stop.abort()
  }

  /** Whether it answered when it was asked last. */
  answers(agent: string): boolean {
    return this.#answers.get(agent) !== undefined
  }

  /** Whether all agents answered last that nothing waits in their channels. */
  get drained(): boolean {
    return [...this.#options.addresses().keys()].every((name) =>
      this.#answers
        .get(name)
        ?.flows.every(({ channels }) => channels.every((each) => each.stats?.backlogEvents === 0)),
    )
  }

  /**
   * The longest that any line was seen waiting in the channel of the edge since the last call of
   * `forget`: taken, and not confirmed by a hub.
   */
  get longestWaitMs(): number {
    return Math.max(LOOK_MS, this.#longestWaitMs)
  }

  /** Forgets all that was seen of the edge. */
  forget(): void {
    this.#era += 1
    this.#edge = undefined
    this.#longestWaitMs = 0
  }

  /** The hubs by ordinal, as the edge sees them; none while it does not answer. */
  hubs(): readonly HubSeen[] {
    return this.#details()?.endpoints ?? []
  }

  /** Most lines the edge has under way, by its configuration. */
  get maxInFlight(): number | undefined {
    return this.#details()?.maxInFlight
  }

  #details(): SinkDetails | undefined {
    const details = this.#edge?.flows[0]?.sinks[0]?.details
    return details?.['endpoints'] === undefined ? undefined : (details as unknown as SinkDetails)
  }

  async #ask(name: string, address: string): Promise<void> {
    const era = this.#era
    const status = await statusAt(address)
    this.#answers.set(name, status)
    if (name !== this.#options.edge || era !== this.#era) return
    this.#edge = status
    this.#longestWaitMs = Math.max(this.#longestWaitMs, status?.oldestEventAgeMs ?? 0)
  }
}

/** undefined where nobody answers: killed, frozen, or starting. That is what the story is about. */
async function statusAt(address: string): Promise<AgentStatus | undefined> {
  try {
    const signal = AbortSignal.timeout(ANSWER_MS_MAX)
    const response = await fetch(`http://${address}/status`, { signal })
    return (await response.json()) as AgentStatus
  } catch {
    return undefined
  }
}
