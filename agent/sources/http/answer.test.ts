import { expect, it } from 'vitest'
import { FlumeError } from '../../core/errors.ts'
import { OUR_BUG, TAKEN, answerFor, isAnswer } from './answer.ts'

it('tells a client to come again when another attempt may succeed', () => {
  const error = new FlumeError('FLM5105', 'no room in time', { retryable: true })
  expect(answerFor(error)).toEqual({ status: 503, reason: 'no room in time' })
})

it('tells a client that its events are too large', () => {
  const error = new FlumeError('FLM2203', 'event too large', { retryable: false })
  expect(answerFor(error)).toEqual({ status: 413, reason: 'event too large' })
})

it('tells a client nothing of the inside of the agent', () => {
  const error = new FlumeError('FLM9001', 'cannot read x of undefined', { retryable: false })
  expect(answerFor(error)).toBe(OUR_BUG)
  expect(OUR_BUG.reason).not.toContain('undefined')
})

it('tells answers from other results', () => {
  expect(isAnswer(TAKEN)).toBe(true)
  expect(isAnswer({ bytes: Buffer.alloc(0) })).toBe(false)
})
