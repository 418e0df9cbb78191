import { expect, test } from 'vitest'
import {
  calledOff,
  connectionLost,
  notAnswered,
  protocolBroken,
  refused,
  unreachable,
  withOutcome,
} from './client-errors.ts'

const cause = new Error('read ECONNRESET')

test.each([
  [unreachable('hub:1', cause), 'FLM4301', 'none'],
  [notAnswered('hub:1', 5000), 'FLM4302', 'unknown'],
  [connectionLost('hub:1', cause, 'unknown'), 'FLM4303', 'unknown'],
  [refused('hub:1', 'FAILED'), 'FLM4304', 'unknown'],
  [protocolBroken('hub:1', cause), 'FLM4305', 'unknown'],
])('%s', (error, code, outcome) => {
  expect(error).toMatchObject({ code, outcome, retryable: true, facts: { peer: 'hub:1' } })
  expect(error.message).toContain('hub:1')
})

test('what was not an Error is told too', () => {
  expect(unreachable('hub:1', 'because').message).toContain('because')
})

test('the outcome and the message of a failure can be those of more than it', () => {
  const error = connectionLost('hub:1', cause, 'unknown')
  expect(withOutcome(error, 'none')).toMatchObject({ outcome: 'none', message: error.message })
  expect(withOutcome(error, 'unknown', 'all of them')).toMatchObject({
    code: 'FLM4303',
    message: 'all of them',
    retryable: true,
    cause: error,
  })
})

test('what was called off stays in the channel', () => {
  expect(calledOff('the sink was stopped', 'none')).toMatchObject({
    code: 'FLM4306',
    retryable: true,
  })
})
