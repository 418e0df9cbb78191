import type { AgentStatus } from '../core/status.ts'
import type { Clock } from '../lib/clock.ts'
import type { Random } from '../lib/random.ts'
import type { Report } from './events.ts'
import type { LaunchFunction } from './launch.ts'
import { Replica } from './replica.ts'
import type { ReplicaSpec, ReplicaState } from './replica.ts'
import { sameArgs, updateReplica, writeManifest } from './rollout.ts'

export interface SupervisorOptions {
  readonly launch: LaunchFunction
  readonly clock: Clock
  readonly random: Random
  readonly report: Report
  readonly fetchStatus: (address: string) => Promise<AgentStatus>
  readonly writeManifest: (spec: ReplicaSpec) => void
  readonly killAfterMs: number
}

/** What is wanted. */
export interface Wanted {
  readonly replicas: readonly ReplicaSpec[]
  /** Agents that are left as they are, whatever `replicas` says of them. */
  readonly keep: ReadonlySet<string>
}

/** A replica as it is now. */
export interface ReplicaView {
  readonly name: string
  readonly agent: string
  readonly state: ReplicaState
  readonly pid: number | undefined
  readonly restarts: number
  readonly retryInMs: number
  readonly admin: string
}

/** All processes of `flume up`: brought from what runs to what is wanted, and stopped together. */
export class Supervisor {
  readonly #options: SupervisorOptions
  readonly #replicas = new Map<string, Replica>()
  readonly #stop = new AbortController()
  #applying: Promise<void> = Promise.resolve()

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** By agent and ordinal. */
  views(): ReplicaView[] {
    return this.#sorted().map((replica) => {
      const { state, pid, restarts, retryInMs, spec } = replica
      const { name, agent, admin } = spec
      return { name, agent, state, pid, restarts, retryInMs, admin }
    })
  }

  /** The replica's admin server answered. */
  answered(name: string): void {
    this.#replicas.get(name)?.answered()
  }

  /**
   * Starts what is new, changes one replica after the other, then stops what is not wanted any more.
   * One call at a time: a later one begins when this one has ended.
   */
  apply(wanted: Wanted): Promise<void> {
    const applied = this.#applying.then(() => this.#apply(wanted))
    // An error is the caller's; those that wait for their turn have it all the same.
    this.#applying = applied.catch(() => {})
    return applied
  }

  /** Stops all, in order and at the same time. Resolves to whether all ended well. */
  async stop(): Promise<boolean> {
    this.#stop.abort()
    const well = Promise.all([...this.#replicas.values()].map((replica) => replica.stop()))
    const results = await well
    // What was being applied begins nothing any more.
    await this.#applying
    const late = await Promise.all([...this.#replicas.values()].map((replica) => replica.stop()))
    return [...results, ...late].every(Boolean)
  }

  kill(): void {
    for (const replica of this.#replicas.values()) replica.kill()
  }

  async #apply({ replicas, keep }: Wanted): Promise<void> {
    const specs = replicas.filter((spec) => !keep.has(spec.agent))
    this.#startNew(specs)
    await this.#update(specs)
    const names = new Set(specs.map((spec) => spec.name))
    const gone = this.#sorted().filter(({ spec }) => !names.has(spec.name) && !keep.has(spec.agent))
    if (!this.#stop.signal.aborted) await this.#remove(gone)
  }

  #startNew(specs: readonly ReplicaSpec[]): void {
    for (const spec of specs) {
      if (this.#stop.signal.aborted || this.#replicas.has(spec.name)) continue
      if (!writeManifest(spec, this.#options)) continue
      const replica = new Replica(spec, this.#options)
      this.#replicas.set(spec.name, replica)
      replica.start()
    }
  }

  /** One after the other; what one replica of an agent does not take in, the others are not given. */
  async #update(specs: readonly ReplicaSpec[]): Promise<void> {
    const held = new Set<string>()
    for (const spec of specs) {
      const replica = this.#replicas.get(spec.name)
      if (this.#stop.signal.aborted || replica === undefined || held.has(spec.agent)) continue
      if (!differs(replica, spec)) continue
      const options = { ...this.#options, signal: this.#stop.signal }
      if (!(await updateReplica(replica, spec, options))) held.add(spec.agent)
    }
  }

  /** The last one of a pool goes first. Its data stays: the events in it are delivered when it is back. */
  async #remove(gone: readonly Replica[]): Promise<void> {
    for (const replica of gone.toReversed()) {
      const { name, directory } = replica.spec
      await replica.stop()
      this.#replicas.delete(name)
      this.#options.report({ type: 'removed', replica: name, directory })
    }
  }

  #sorted(): Replica[] {
    return [...this.#replicas.values()].sort(
      ({ spec: a }, { spec: b }) =>
        (a.agent < b.agent ? -1 : a.agent > b.agent ? 1 : 0) || a.ordinal - b.ordinal,
    )
  }
}

/**
 * Whether there is something to do; the configuration says it all but for what is an option of the
 * process. One that was refused is tried again with what it is given now.
 */
function differs({ state, spec }: Replica, wanted: ReplicaSpec): boolean {
  return (
    state === 'refused' || spec.configuration !== wanted.configuration || !sameArgs(spec, wanted)
  )
}
