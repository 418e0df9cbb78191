import { expect, test } from 'vitest'
import { ERROR_CODES, FlumeError, systemCode, toFlumeError } from './errors.ts'

test('an error says what it is by code, and whether to try again', () => {
  const cause = new Error('disk')
  const error = new FlumeError('FLM2201', 'writing failed', {
    retryable: true,
    cause,
    facts: { n: 1 },
  })
  expect(error).toMatchObject({
    code: 'FLM2201',
    retryable: true,
    outcome: 'none',
    cause,
    facts: { n: 1 },
  })
  expect(new FlumeError('FLM2201', 'x', { retryable: true, outcome: 'unknown' }).outcome).toBe(
    'unknown',
  )
})

test('what is not ours becomes an internal error that is not tried again', () => {
  const ours = new FlumeError('FLM2201', 'x', { retryable: true })
  expect(toFlumeError(ours)).toBe(ours)
  expect(toFlumeError(new TypeError('oops'))).toMatchObject({
    code: 'FLM9001',
    retryable: false,
    message: 'oops',
  })
  expect(toFlumeError('text').message).toBe('text')
})

test('the code of a system error is found on anything', () => {
  expect(systemCode(Object.assign(new Error('x'), { code: 'ENOSPC' }))).toBe('ENOSPC')
  for (const thrown of [undefined, null, 'x', new Error('x'), { code: 5 }])
    expect(systemCode(thrown)).toBeUndefined()
})

test('codes are stable in form', () => {
  for (const code of Object.keys(ERROR_CODES)) expect(code).toMatch(/^FLM[1-9][0-9]{3}$/)
})
