import type { AgentStatus, FlowStatus } from '../core/status.ts'

/**
 * What is wrong at the moment, a line each: delivered flows that were refused, flows and components with
 * their problems. Pure.
 */
export function currentProblems(status: AgentStatus): string[] {
  const refused = (status.delivered ?? []).filter(({ result }) => result === 'refused')
  const names = new Set(refused.map(({ flow }) => flow))
  return [
    ...refused.flatMap(({ flow, problems }) => problems.map((each) => `flow ${flow}: ${each}`)),
    ...status.flows.flatMap((flow) => flowReasons(flow, names.has(flow.name))),
  ]
}

/** Why the agent is not ready, a line each; at least one. Pure. */
export function notReadyReasons(status: AgentStatus): string[] {
  const reasons = currentProblems(status)
  if (status.state !== 'running') reasons.unshift(`the agent is ${status.state}`)
  return reasons.length > 0 ? reasons : ['a part of the agent is not ready yet']
}

/** `isSaid`: what is wrong with the flow as a whole has a line already. */
function flowReasons(flow: FlowStatus, isSaid: boolean): string[] {
  const parts = [
    { label: `flow ${flow.name}`, problem: isSaid ? undefined : flow.problem },
    ...label('source', flow, flow.sources),
    ...label('channel', flow, flow.channels),
    ...label('sink', flow, flow.sinks),
  ]
  const reasons = parts
    .filter((part) => part.problem !== undefined)
    .map((part) => `${part.label}: ${part.problem}`)
  if (reasons.length > 0 || flow.state === 'running' || isSaid) return reasons
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
