import { loadDelivered, secretsDirectoryOf } from '../config/load-delivered.ts'
import type { DeliveryOptions, LoadedFlow } from '../config/load-delivered.ts'
import { formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { secretFileIn } from '../config/secrets.ts'
import type { FlowPlan } from '../core/plan.ts'
import type { DeliveredStatus, FlowStatus } from '../core/status.ts'
import type { Configuration, ConfigurationSource } from './configuration.ts'
import { mountedVersion, signatureOf } from './watch.ts'

/** A mounted directory is replaced at once, and looking at it is a `stat` or two. */
const POLL_MS = 250

/** A version of a flow that runs. */
interface Version {
  readonly generation: number
  readonly hash: string
  readonly plan: FlowPlan
}

/**
 * The configuration of an agent in a directory that an operator fills, such as a mounted ConfigMap: a file
 * for each flow, each of which applies by itself. One with mistakes leaves its flow as it runs.
 */
export class DeliveredDirectory implements ConfigurationSource {
  readonly pollMs = POLL_MS
  readonly isAtomic = true
  readonly #directory: string
  readonly #options: DeliveryOptions
  #flows: readonly LoadedFlow[] = []
  /** The last version of each flow that was applied. */
  readonly #running = new Map<string, Version>()
  /** Between a load and its outcome. */
  #isApplying = false

  constructor(directory: string, options: DeliveryOptions) {
    this.#directory = directory
    this.#options = options
  }

  async load(): Promise<Configuration> {
    const flows = await this.#read()
    if (flows === undefined) {
      const problem = this.#problem('nothing was delivered there. Was the ConfigMap deleted?')
      // An agent that starts before anything was delivered has no flows yet, which is no mistake.
      return this.#goOn(problem, this.#running.size > 0)
    }
    if ('code' in flows) return this.#goOn(flows)
    this.#flows = flows
    this.#isApplying = true
    for (const name of this.#running.keys())
      if (!flows.some(({ flow }) => flow === name)) this.#running.delete(name)
    return {
      plan: this.#planOf(flows.flatMap(({ flow, plan }) => plan ?? this.#plan(flow))),
      problems: flows.flatMap(({ problems }) => problems),
      notes: [],
      held: (name) => {
        const problem = flows.find(({ flow }) => flow === name)?.problems[0]
        return problem && `${problem.code} ${problem.message}`
      },
    }
  }

  async signature(): Promise<string> {
    const missing = this.#flows.flatMap(({ missingSecrets }) => missingSecrets)
    const fileOf = secretFileIn(secretsDirectoryOf(this.#directory, this.#options.secretsDirectory))
    const files = missing.map(({ secret, key }) => fileOf(secret, key))
    const version = await mountedVersion(this.#directory)
    return [version ?? (await signatureOf([this.#directory])), await signatureOf(files)].join('\n')
  }

  applied(flows: readonly FlowStatus[]): void {
    this.#isApplying = false
    for (const { flow, generation, hash, plan } of this.#flows) {
      const runs = flows.find(({ name }) => name === flow)
      if (plan !== undefined && runs?.hash === plan.hash)
        this.#running.set(flow, { generation, hash, plan })
    }
  }

  delivered(flows: readonly FlowStatus[]): readonly DeliveredStatus[] {
    return this.#flows.flatMap((loaded) => {
      const { flow, plan, problems } = loaded
      if (plan === undefined) return this.#refused(loaded, problems.map(formatProblem))
      const runs = flows.find(({ name }) => name === flow)
      if (runs?.hash === plan.hash && runs.problem === undefined) return applied(flow, loaded)
      if (!this.#isApplying) return this.#refused(loaded, [runs?.problem ?? NOT_APPLIED])
      const running = this.#running.get(flow)
      return running === undefined ? [] : applied(flow, running)
    })
  }

  #read(): Promise<readonly LoadedFlow[] | Problem | undefined> {
    return loadDelivered(this.#directory, this.#options).catch((error: unknown) =>
      this.#problem(`${error instanceof Error ? error.message : String(error)}.`),
    )
  }

  #problem(reason: string): Problem {
    const message = `the delivered flows cannot be read: ${reason} What runs goes on`
    return { code: 'FLM1101', file: this.#directory, line: 0, path: '', message }
  }

  /** Nothing is known of any flow: those that run go on, and nothing is taken away. */
  #goOn(problem: Problem, isProblem = true): Configuration {
    return {
      plan: this.#planOf([...this.#running.values()].map(({ plan }) => plan)),
      problems: isProblem ? [problem] : [],
      notes: [],
      held: () => `${problem.code} ${problem.message}`,
    }
  }

  #planOf(flows: readonly FlowPlan[]) {
    return { name: this.#options.agent, flows }
  }

  #plan(flow: string): FlowPlan | [] {
    return this.#running.get(flow)?.plan ?? []
  }

  #refused(loaded: LoadedFlow, problems: readonly string[]): DeliveredStatus {
    const { flow, generation, hash, missingSecrets } = loaded
    const running = this.#running.get(flow)
    return {
      flow,
      generation,
      hash,
      result: 'refused',
      problems,
      missingSecrets,
      running: running && { generation: running.generation, hash: running.hash },
    }
  }
}

const NOT_APPLIED = 'it could not be applied; the log of the agent says why'

function applied(
  flow: string,
  { generation, hash }: { readonly generation: number; readonly hash: string },
): DeliveredStatus {
  const running = { generation, hash }
  return { flow, generation, hash, result: 'applied', problems: [], missingSecrets: [], running }
}
