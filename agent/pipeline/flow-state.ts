import type { FlowStatus } from '../core/status.ts'

type Parts = Pick<FlowStatus, 'sources' | 'channels' | 'sinks'>

/** The state of a flow from those of its parts: the worst one shows. */
export function flowState(
  { sources, channels, sinks }: Parts,
  flow: {
    readonly removed: boolean
    readonly stopping: boolean
    readonly problem: string | undefined
  },
): FlowStatus['state'] {
  if (flow.stopping) return 'stopping'
  if (flow.removed) return 'removed'
  const states = [...sources, ...channels, ...sinks].map(({ state }) => state)
  if (flow.problem !== undefined || states.includes('failing')) return 'failing'
  return states.every((state) => state === 'running') && states.length > 0 ? 'running' : 'starting'
}
