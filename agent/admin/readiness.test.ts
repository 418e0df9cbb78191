import { expect, test } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
import type { AgentStatus } from '../core/status.ts'
import { currentProblems, notReadyReasons } from './readiness.ts'

test('a flow that is well gives no problem', () => {
  expect(currentProblems(agentStatus())).toEqual([])
})

test('every component with a problem is named with its flow', () => {
  const { flows } = agentStatus()
  const [sink] = flows[0]!.sinks
  const status = agentStatus({
    state: 'failing',
    problem: 'FLM5201: a part cannot be made',
    sinks: [{ ...sink!, state: 'failing', problem: 'FLM4201: no space' }],
  })
  expect(currentProblems(status)).toEqual([
    'flow web: FLM5201: a part cannot be made',
    'flow web, sink out: FLM4201: no space',
  ])
})

test('there is always a reason', () => {
  expect(notReadyReasons({ ...agentStatus(), state: 'stopping' })).toEqual([
    'the agent is stopping',
  ])
  expect(notReadyReasons(agentStatus({ state: 'starting' }))).toEqual(['flow web is starting'])
  expect(notReadyReasons(agentStatus())).toEqual(['a part of the agent is not ready yet'])
})

test('a delivered flow that was refused is named once, with all that is wrong with it', () => {
  const problems = [
    'flow.web.json: FLM1203 a: unknown key',
    'flow.web.json: FLM1203 b: unknown key',
  ]
  const of = { generation: 1, hash: 'h', missingSecrets: [], running: undefined }
  const status: AgentStatus = {
    ...agentStatus({ state: 'failing', problem: 'FLM1203 unknown key' }),
    delivered: [
      { ...of, flow: 'web', result: 'refused', problems },
      { ...of, flow: 'other', result: 'applied', problems: [] },
    ],
  }
  expect(currentProblems(status)).toEqual([`flow web: ${problems[0]}`, `flow web: ${problems[1]}`])
})
