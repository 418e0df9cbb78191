import type { AgentStatus, FlowStatus } from '../core/status.ts'

/** What is wrong at the moment, a line each: flows and components with their problems. Pure. */
export function currentProblems(status: AgentStatus): string[] {
  return status.flows.flatMap(flowReasons)
}

/** Why the agent is not ready, a line each; at least one. Pure. */
export function notReadyReasons(status: AgentStatus): string[] {
  const reasons = currentProblems(status)
  if (status.state !== 'running') reasons.unshift(`the agent is ${status.state}`)
  return reasons.length > 0 ? reasons : ['a part of the agent is not ready yet']
}

function flowReasons(flow: FlowStatus): string[] {
  const parts = [
    { label: `flow ${flow.name}`, problem: flow.problem },
    ...label('source', flow, flow.sources),
    ...label('channel', flow, flow.channels),
    ...label('sink', flow, flow.sinks),
  ]
  const reasons = parts
    .filter((part) => part.problem !== undefined)
    .map((part) => `${part.label}: ${part.problem}`)
  if (reasons.length > 0 || flow.state === 'running') return reasons
  return [`flow ${flow.name} is ${flow.state}`]
}

interface Named {
  readonly name: string
  readonly problem: string | undefined
}

function label(
  kind: string,
  flow: FlowStatus,
  components: readonly Named[],
): {
  readonly label: string
  readonly problem: string | undefined
}[] {
  return components.map(({ name, problem }) => ({
    label: `flow ${flow.name}, ${kind} ${name}`,
    problem,
  }))
}
