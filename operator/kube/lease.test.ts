import { expect, test } from 'vitest'
import { LeaseObserver, held, released } from './lease.ts'
import type { Lease, LeaseSpec } from './lease.ts'

function lease(resourceVersion: string, spec: LeaseSpec): Lease {
  const metadata = { namespace: 'n', name: 'l', resourceVersion }
  return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata, spec }
}

const theirs = {
  holderIdentity: 'other',
  leaseDurationSeconds: 15,
  renewTime: '1970-01-01T00:00:00.000000Z',
}

test('a lease has run out when it did not change in our sight for its duration', () => {
  const observer = new LeaseObserver()
  // The time in it is long past: it is not asked.
  const first = lease('1', theirs)
  observer.observe(first, 1000)
  expect(observer.hasRunOut(first, 15_999, 10_000)).toBe(false)
  observer.observe(first, 15_000)
  expect(observer.hasRunOut(first, 16_000, 10_000)).toBe(true)
  const renewed = lease('2', theirs)
  observer.observe(renewed, 16_000)
  expect(observer.hasRunOut(renewed, 30_999, 10_000)).toBe(false)
})

test('a lease without a holder is free at once, one without a duration lasts ours', () => {
  const observer = new LeaseObserver()
  const free = lease('1', { holderIdentity: '' })
  observer.observe(free, 0)
  expect(observer.hasRunOut(free, 0, 10_000)).toBe(true)
  const endless = lease('2', { holderIdentity: 'other' })
  observer.observe(endless, 0)
  expect(observer.hasRunOut(endless, 9999, 10_000)).toBe(false)
  expect(observer.hasRunOut(endless, 10_000, 10_000)).toBe(true)
})

test('what was never seen has not run out', () => {
  expect(new LeaseObserver().hasRunOut(lease('1', theirs), 1e9, 1)).toBe(false)
})

test('taking it counts the changes of hands; renewing it does not', () => {
  const taking = { identity: 'me', durationMs: 15_000, nowMs: 0 }
  const now = '1970-01-01T00:00:00.000000Z'
  const ours = { holderIdentity: 'me', leaseDurationSeconds: 15, renewTime: now }
  expect(held(undefined, taking)).toEqual({ ...ours, acquireTime: now, leaseTransitions: 0 })
  expect(held({ ...theirs, leaseTransitions: 3 }, taking)).toEqual({
    ...ours,
    acquireTime: now,
    leaseTransitions: 4,
  })
  expect(held({ ...ours, leaseTransitions: 3 }, taking)).toEqual(ours)
  expect(released(0)).toEqual({ holderIdentity: '', leaseDurationSeconds: 1, renewTime: now })
})
