import type { Problem } from '../config/problem.ts'
import type { AgentPlan } from '../core/plan.ts'
import type { DeliveredStatus, FlowStatus } from '../core/status.ts'
import type { HeldBecause } from '../pipeline/pipeline.ts'

/** What an agent is to run, as it was read. */
export interface Configuration {
  /** undefined: nothing can be said, all goes on as before. */
  readonly plan: AgentPlan | undefined
  /** What is wrong. With a plan: what of it is not as it is configured. */
  readonly problems: readonly Problem[]
  /** What was skipped, one line each. */
  readonly notes: readonly string[]
  /** Flows that are not in the plan and stay what they are on disk; omitted: none. */
  readonly held?: HeldBecause
}

export type RunnableConfiguration = Configuration & { readonly plan: AgentPlan }

/** Where the configuration of an agent comes from. */
export interface ConfigurationSource {
  /** Reads all of it. Never rejects for what stands there. */
  load(): Promise<Configuration>
  /** Changes when a reload may give something else. */
  signature(): Promise<string>
  /** How often the signature is looked at. */
  readonly pollMs: number
  /** Whether it is replaced at once, or may be half written when it is seen to change. */
  readonly isAtomic: boolean
  /** What became of each flow, where they come one by one; `flows` are those of the agent. */
  delivered?(flows: readonly FlowStatus[]): readonly DeliveredStatus[]
  /** What was loaded last has been applied as far as it can be. */
  applied?(flows: readonly FlowStatus[]): void
}
