import type { AgentPlan, FlowPlan } from '../core/plan.ts'
import type { AgentStatus, FlowStatus } from '../core/status.ts'
import { CRASHES_MAX } from './crashes.ts'

/**
 * Flows that are not started because their code crashed the agent again and again, so that the other
 * flows run. One is let go when its configuration changes or the time is up; if it crashes the agent
 * again, the next start holds it back again.
 */
export class HeldFlows {
  /** Name → hash of the configuration that is held back. */
  readonly #held = new Map<string, string>()

  constructor(plan: AgentPlan, suspects: ReadonlySet<string>) {
    for (const flow of plan.flows) {
      if (suspects.has(flow.name)) this.#held.set(flow.name, flow.hash)
    }
  }

  get names(): readonly string[] {
    return [...this.#held.keys()]
  }

  /** The plan without the flows that are held back. Lets go of those that changed or are gone. */
  filter(plan: AgentPlan): AgentPlan {
    const hashes = new Map(plan.flows.map((flow) => [flow.name, flow.hash]))
    for (const [name, hash] of this.#held) {
      if (hashes.get(name) !== hash) this.#held.delete(name)
    }
    return { ...plan, flows: plan.flows.filter((flow) => !this.#held.has(flow.name)) }
  }

  /** Why a flow is held back; undefined for one that is not. */
  because(flow: string): string | undefined {
    return this.#held.has(flow) ? PROBLEM : undefined
  }

  releaseAll(): void {
    this.#held.clear()
  }

  /** The status with the held flows in it: failing, and why. */
  addTo(status: AgentStatus, plan: AgentPlan): AgentStatus {
    if (this.#held.size === 0) return status
    const running = status.flows.filter((flow) => !this.#held.has(flow.name))
    const held = plan.flows.filter((flow) => this.#held.has(flow.name))
    return { ...status, flows: [...running, ...held.map((flow) => heldStatus(flow, status))] }
  }
}

const PROBLEM = `FLM9105: held back after ${CRASHES_MAX} crashes within a minute. The log has the stack of each; a changed configuration of this flow starts it at once`

/** What the pipeline knows of the flow's channels stays: a backlog on disk is never left out. */
function heldStatus(flow: FlowPlan, status: AgentStatus): FlowStatus {
  const known = status.flows.find(({ name }) => name === flow.name)
  return {
    name: flow.name,
    state: 'failing',
    problem: PROBLEM,
    hash: flow.hash,
    sources: known?.sources ?? [],
    channels: known?.channels ?? [],
    sinks: known?.sinks ?? [],
  }
}
