import { expect, test } from 'vitest'
import type { Refusal } from './errors.ts'
import {
  isAlreadyExists,
  isConflict,
  isDisruptionBudget,
  isExpired,
  isNamespaceTerminating,
  isNotFound,
  refused,
} from './errors.ts'

function refusal(status: number, more: Partial<Refusal> = {}): Refusal {
  return { status, reason: '', message: '', causes: [], ...more }
}

test('the message says what was tried, on what, and what the server said', () => {
  const error = refused(
    'apply StatefulSet logs/hub',
    refusal(422, { reason: 'Invalid', message: 'spec.replicas: must be positive' }),
  )
  expect(error.message).toBe(
    'apply StatefulSet logs/hub: the API server answered 422 Invalid: spec.replicas: must be positive',
  )
  expect(error).toMatchObject({ code: 'FLM7103', status: 422, reason: 'Invalid' })
})

test('what the same request can never achieve is not retryable', () => {
  for (const status of [400, 405, 406, 410, 413, 415, 422])
    expect(refused('x', refusal(status)), String(status)).toMatchObject({ retryable: false })
})

test('an object that the server cannot read is the fault of the request although it is a 500; others are not', () => {
  for (const message of [
    'failed to create typed patch object (logs/hub; apps/v1): .spec.foo: field not declared in schema',
    'failed to convert new object (logs/hub; apps/v1) to proper version: quantities must match',
  ])
    expect(refused('x', refusal(500, { message }))).toMatchObject({
      code: 'FLM7103',
      retryable: false,
    })
  expect(refused('x', refusal(500, { message: 'etcdserver: leader changed' }))).toMatchObject({
    code: 'FLM7104',
    retryable: true,
    outcome: 'unknown',
  })
})

test('permissions, conflicts, absence and overload may be over later', () => {
  for (const status of [401, 403, 404, 409, 429, 502, 503, 504])
    expect(refused('x', refusal(status)), String(status)).toMatchObject({ retryable: true })
  expect(refused('x', refusal(429, { retryAfterMs: 2000 }))).toMatchObject({
    code: 'FLM7104',
    retryAfterMs: 2000,
  })
})

test('kinds of refusal are told apart', () => {
  expect(isNotFound(refused('x', refusal(404)))).toBe(true)
  expect(isConflict(refused('x', refusal(409, { reason: 'Conflict' })))).toBe(true)
  const exists = refused('x', refusal(409, { reason: 'AlreadyExists' }))
  expect([isConflict(exists), isAlreadyExists(exists)]).toEqual([false, true])
  expect(isExpired(refused('x', refusal(410, { reason: 'Expired' })))).toBe(true)
  const cause = (reason: string) => [{ reason, message: '' }]
  expect(
    isDisruptionBudget(refused('x', refusal(429, { causes: cause('DisruptionBudget') }))),
  ).toBe(true)
  expect(isDisruptionBudget(refused('x', refusal(429)))).toBe(false)
  expect(
    isNamespaceTerminating(refused('x', refusal(403, { causes: cause('NamespaceTerminating') }))),
  ).toBe(true)
  for (const is of [isNotFound, isConflict, isExpired, isDisruptionBudget, isNamespaceTerminating])
    expect(is(new Error('x'))).toBe(false)
})
