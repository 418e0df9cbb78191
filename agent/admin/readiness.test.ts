import { expect, test } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
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
