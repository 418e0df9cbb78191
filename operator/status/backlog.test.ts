import { expect, test } from 'vitest'
import { report } from '../../test/operator/objects.ts'
import { backlogOfFlow, backlogOfPod, sumBacklog } from './backlog.ts'

const part = (events: number, oldestEventTime?: string) => ({
  events,
  bytes: events * 10,
  oldestEventTime,
})

test('the sum has two digits and the time of the oldest', () => {
  const early = '2026-01-01T00:00:00Z'
  expect(sumBacklog([part(617, '2026-01-02T00:00:00Z'), part(617, early)], undefined)).toEqual({
    events: 1200,
    bytes: 12_000,
    oldestEventTime: early,
  })
  expect(sumBacklog([part(0)], undefined)).toEqual({ events: 0, bytes: 0 })
})

test('as long as a replica was never asked, what was known stays', () => {
  const before = { events: 7, bytes: 70 }
  expect(sumBacklog([part(1), undefined], before)).toBe(before)
  expect(sumBacklog([], before)).toBe(before)
  expect(sumBacklog([undefined], undefined)).toBeUndefined()
})

test('a time that is read a moment later is the same', () => {
  const before = { events: 1, bytes: 10, oldestEventTime: '2026-01-01T00:00:10Z' }
  expect(sumBacklog([part(1, '2026-01-01T00:00:11Z')], before)).toEqual(before)
  expect(sumBacklog([part(1, '2026-01-01T00:00:20Z')], before)).not.toEqual(before)
})

test('of one flow, and of all that is in a replica', () => {
  const both = report({ flow: 'a', backlog: part(3, 'b') }, { flow: 'b', backlog: part(4, 'a') })
  expect(backlogOfFlow(both, 'b')).toEqual(part(4, 'a'))
  expect(backlogOfFlow(both, 'c')).toEqual(part(0))
  expect(backlogOfPod(both)).toEqual({ events: 7, bytes: 70, oldestEventTime: 'a' })
})
