import { expect, test } from 'vitest'
import type { FlowStatus } from '../core/status.ts'
import { flowState } from './flow-state.ts'

const part = (state: string) => ({ state }) as unknown
const parts = (...states: string[]) =>
  ({ sources: states.map(part), channels: [], sinks: [] }) as unknown as FlowStatus
const flow = { removed: false, stopping: false, problem: undefined }

test('the worst state of a part is that of the flow', () => {
  expect(flowState(parts('running', 'running'), flow)).toBe('running')
  expect(flowState(parts('running', 'starting'), flow)).toBe('starting')
  expect(flowState(parts('starting', 'failing'), flow)).toBe('failing')
  expect(flowState(parts(), flow)).toBe('starting')
  expect(flowState(parts('running'), { ...flow, problem: 'FLM5201 x' })).toBe('failing')
  expect(flowState(parts('failing'), { ...flow, removed: true })).toBe('removed')
  expect(flowState(parts('failing'), { ...flow, stopping: true })).toBe('stopping')
})
