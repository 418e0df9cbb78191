import { expect, test } from 'vitest'
import { FlumeError } from '../core/errors.ts'
import { isSound, isVerdict, worse } from './verdict.ts'

const failing = [{ batch: 0, event: 0, reason: 'too long' }]
const later = new FlumeError('FLM4201', 'later', { retryable: true })
const never = new FlumeError('FLM4201', 'never', { retryable: false })
const named = new FlumeError('FLM4201', 'these never', { retryable: false, failing })
const unclear = { retryable: false, failing, outcome: 'unknown' } as const
const unknown = new FlumeError('FLM4201', 'perhaps', unclear)
const defect = new FlumeError('FLM9001', 'undefined is not a function', { retryable: false })

test('what will never be taken is for the dead letters; what nobody expected is not', () => {
  expect([later, never, named, unknown, defect].map(isVerdict)).toEqual([
    false,
    true,
    true,
    true,
    false,
  ])
})

test('a sink goes on after what may mend and after events it can name', () => {
  expect([later, never, named, unknown, defect].map(isSound)).toEqual([
    true,
    false,
    true,
    false,
    false,
  ])
})

test('of several failures the one that ends the sink counts', () => {
  expect(worse(undefined, later)).toBe(later)
  expect(worse(later, never)).toBe(never)
  expect(worse(never, defect)).toBe(never)
})
