import type { AgentStatus } from '../../core/status.ts'
import type { Clock } from '../../lib/clock.ts'
import type { ReplicaView } from '../../supervisor/supervisor.ts'
import type { Answer, Look } from './rows.ts'

interface Known {
  readonly pid: number
  current: Answer | undefined
  previous: Answer | undefined
  asking: boolean
}

/** Asks the replicas how they are, and remembers the last two answers of each. */
export class Poll {
  readonly #clock: Clock
  readonly #fetchStatus: (address: string) => Promise<AgentStatus>
  readonly #known = new Map<string, Known>()

  constructor(clock: Clock, fetchStatus: (address: string) => Promise<AgentStatus>) {
    this.#clock = clock
    this.#fetchStatus = fetchStatus
  }

  /**
   * Asks those that run, all at once, and calls `answered` for each that answers; one that has not
   * answered the last question is not asked again. Resolves when all are done; never rejects.
   */
  async ask(views: readonly ReplicaView[], answered: (replica: string) => void): Promise<void> {
    const names = new Set(views.map((view) => view.name))
    for (const name of this.#known.keys()) if (!names.has(name)) this.#known.delete(name)
    await Promise.all(views.map((view) => this.#askOne(view, answered)))
  }

  looks(views: readonly ReplicaView[]): Look[] {
    return views.map((view) => {
      const known = this.#known.get(view.name)
      return { view, current: known?.current, previous: known?.previous }
    })
  }

  async #askOne(view: ReplicaView, answered: (replica: string) => void): Promise<void> {
    const { name, pid, admin } = view
    if (pid === undefined) return
    let known = this.#known.get(name)
    if (known === undefined || known.pid !== pid) {
      known = { pid, current: undefined, previous: undefined, asking: false }
      this.#known.set(name, known)
    }
    if (known.asking) return
    known.asking = true
    try {
      const status = await this.#fetchStatus(admin)
      // Of a process that was started meanwhile nothing is known yet.
      if (this.#known.get(name) !== known) return
      known.previous = known.current
      known.current = { status, atMs: this.#clock.monotonic() }
      answered(name)
    } catch {
      // The row says for how long there was no answer.
    } finally {
      known.asking = false
    }
  }
}
