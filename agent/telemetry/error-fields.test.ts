import { expect, test } from 'vitest'
import { FlumeError } from '../core/errors.ts'
import { describeError } from './error-fields.ts'

test('an error of ours has its code, facts and cause, and no stack', () => {
  const cause = Object.assign(new Error('no space'), { code: 'ENOSPC' })
  const facts = { path: '/out' }
  const error = new FlumeError('FLM4201', 'm', {
    retryable: true,
    outcome: 'unknown',
    cause,
    facts,
  })
  expect(describeError(error)).toEqual({
    code: 'FLM4201',
    message: 'm',
    retryable: true,
    outcome: 'unknown',
    facts,
    cause: { code: 'ENOSPC', message: 'no space' },
  })
})

test('a defect has its stack, also as the cause of FLM9001', () => {
  expect(describeError(new Error('boom'))).toMatchObject({
    message: 'boom',
    stack: expect.stringContaining('error-fields.test.ts') as string,
  })
  const wrapped = new FlumeError('FLM9001', 'boom', { retryable: false, cause: new Error('in') })
  expect(describeError(wrapped)).toMatchObject({ stack: expect.any(String) as string })
})

test('causes without end are cut, and what is no error stays as it is', () => {
  const error = new Error('a')
  error.cause = error
  expect(JSON.stringify(describeError(error)).match(/"message"/g)).toHaveLength(6)
  expect(describeError('text')).toBe('text')
})
