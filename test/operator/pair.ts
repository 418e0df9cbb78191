import { sleep, systemClock } from '../../agent/lib/clock.ts'
import type { ObjectName } from '../../operator/kube/types.ts'
import type { FlumeProcess, Workbench } from '../cli/flume.ts'
import { tokenKubeconfig, tokenOf } from './account.ts'
import type { Hands } from './hands.ts'
import { startProcess } from './process.ts'
import { IMAGE } from './world.ts'

/** So that a failure is noticed before the run is over, and the others need not wait for long. */
export const LEASE_SECONDS = 3
/** A kubelet waits too before it starts again what has ended. */
const RESTART_MS = 500
const LINES = 15

export interface PairOptions {
  readonly bench: Workbench
  /** Of the namespace that they look after. */
  readonly hands: Hands
  /** Whose tokens they have; the lease is in its namespace. */
  readonly account: ObjectName & { readonly namespace: string }
}

interface Member {
  readonly process: FlumeProcess
  isToEnd: boolean
  isFrozen: boolean
}

/** Two operators as processes, of which one leads. What ends is started again. */
export class Pair {
  /** How often each of them was started after the first time. */
  restarts = 0
  /** Last lines of those that ended without having been told to. */
  readonly ended: string[] = []
  readonly #options: PairOptions
  readonly #members = new Map<number, Member>()
  readonly #restarting = new Set<Promise<void>>()
  #isOver = false
  #started = 0

  private constructor(options: PairOptions) {
    this.#options = options
  }

  static async start(options: PairOptions): Promise<Pair> {
    const pair = new Pair(options)
    await Promise.all([pair.#start(0), pair.#start(1)])
    return pair
  }

  /** Of the one that works, if any. */
  get working(): FlumeProcess | undefined {
    return [...this.#members.values()].find(
      ({ isToEnd, isFrozen, process }) =>
        !isToEnd && !isFrozen && process.stderr.includes('"msg":"operator working"'),
    )?.process
  }

  async kill(index: 0 | 1): Promise<void> {
    await Promise.all(this.#restarting)
    const member = this.#members.get(index)!
    member.isToEnd = true
    member.process.kill('SIGKILL')
    await member.process.ended
    this.restarts++
    await this.#start(index)
  }

  /** The one that leads stands still until the other one does, and goes on as if nothing had happened. */
  async freeze(): Promise<void> {
    const { hands } = this.#options
    await hands.until('an operator works', async () => this.working)
    const frozen = [...this.#members.values()].find(({ process }) => process === this.working)!
    frozen.isFrozen = true
    frozen.process.kill('SIGSTOP')
    await hands.until('another operator works', async () => this.working)
    frozen.process.kill('SIGCONT')
    await frozen.process.ended
  }

  /** Last lines of what each of them said. */
  clues(): string[] {
    return [...this.#members.values()].flatMap(({ process }) => lastLines(process.stderr))
  }

  /** Stops both in order. Resolves to their exit codes. */
  async stop(): Promise<(number | NodeJS.Signals)[]> {
    this.#isOver = true
    await Promise.all(this.#restarting)
    const members = [...this.#members.values()]
    for (const member of members) {
      member.isToEnd = true
      member.process.kill('SIGTERM')
    }
    return Promise.all(members.map(async ({ process }) => (await process.ended).code))
  }

  async #start(index: number): Promise<void> {
    const { bench, hands, account } = this.#options
    const token = await hands.try((client) => tokenOf(client, account))
    const path = bench.path(`operator-${this.#started++}.kubeconfig`)
    const process = startProcess(bench, {
      kubeconfig: tokenKubeconfig(hands.cluster.plane.kubeconfig, token, path),
      name: `operator-${index}`,
      namespaces: [hands.namespace],
      leaseNamespace: account.namespace,
      image: IMAGE,
      more: [`--lease-seconds=${LEASE_SECONDS}`],
    })
    const member = { process, isToEnd: false, isFrozen: false }
    this.#members.set(index, member)
    void this.#watch(index, member)
  }

  /** One that ends by itself is started again. */
  async #watch(index: number, member: Member): Promise<void> {
    const { stderr } = await member.process.ended
    if (member.isToEnd || this.#isOver) return
    this.ended.push(lastLines(stderr).join('\n'))
    const restart = this.#restart(index).finally(() => this.#restarting.delete(restart))
    this.#restarting.add(restart)
  }

  async #restart(index: number): Promise<void> {
    await sleep(systemClock, RESTART_MS)
    if (this.#isOver) return
    this.restarts++
    await this.#start(index)
  }
}

function lastLines(text: string): string[] {
  return text.trimEnd().split('\n').slice(-LINES)
}
