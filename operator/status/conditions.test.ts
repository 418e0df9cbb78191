import { expect, test } from 'vitest'
import { NOW } from '../../test/operator/objects.ts'
import { conditionsOf, timestamp, verdict } from './conditions.ts'

const BEFORE = '2026-01-01T00:00:00Z'
const first = conditionsOf(
  { Ready: verdict(false, 'NotReady', 'x') },
  { previous: [], generation: 1, now: BEFORE },
)

test('the time is that of the last change of the status', () => {
  expect(first).toEqual([
    {
      type: 'Ready',
      status: 'False',
      reason: 'NotReady',
      message: 'x',
      lastTransitionTime: BEFORE,
      observedGeneration: 1,
    },
  ])
  const same = conditionsOf(
    { Ready: verdict(false, 'Pending', 'y') },
    { previous: first, generation: 2, now: NOW },
  )
  expect(same[0]).toMatchObject({
    reason: 'Pending',
    lastTransitionTime: BEFORE,
    observedGeneration: 2,
  })
  const turned = conditionsOf(
    { Ready: verdict(true, 'Ready', '') },
    { previous: same, generation: 2, now: NOW },
  )
  expect(turned[0]).toMatchObject({ status: 'True', lastTransitionTime: NOW })
})

test('a message has a bound, and Unknown is a status', () => {
  const [only] = conditionsOf(
    { Ready: verdict('Unknown', 'AgentsUnreachable', 'x'.repeat(5000)) },
    { previous: [], generation: undefined, now: NOW },
  )
  expect(only!.message).toHaveLength(2001)
  expect(only).toMatchObject({ status: 'Unknown' })
  expect(only).not.toHaveProperty('observedGeneration')
})

test('times are as Kubernetes writes them', () => {
  expect(timestamp(Date.UTC(2026, 0, 2, 3, 4, 5, 678))).toBe('2026-01-02T03:04:05Z')
})
