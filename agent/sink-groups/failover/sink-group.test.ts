import { describe, expect, it, test } from 'vitest'
import { GroupDriver, sinkFailure } from '../../../test/sim/group-driver.ts'
import { failoverSinkGroupSchema } from './config.ts'
import { createSinkGroup } from './sink-group.ts'

const all = (): boolean => true
const none = (): boolean => false

function groupOf(priorities: Readonly<Record<string, number>>, maxPenalty = '30s') {
  const config = failoverSinkGroupSchema.parse({
    priorities: Object.entries(priorities).map(([sink, priority]) => ({ sink, priority })),
    maxPenalty,
  })
  return createSinkGroup(config, Object.keys(priorities))
}

test('Flume: TestFailoverSinkProcessor.testFailover', () => {
  const driver = new GroupDriver(groupOf({ s1: 3, s2: 2, s3: 1 }, '10s'))
  driver.quotas({ s1: 10, s2: 50, s3: 100 })
  driver.calls(15)
  driver.sleep(100)
  expect(driver.delivered).toEqual({ s1: 10, s2: 5, s3: 0 })
  driver.calls(50)
  driver.sleep(100)
  expect(driver.delivered).toEqual({ s1: 10, s2: 50, s3: 5 })
  driver.quotas({ s1: 10, s2: 70, s3: 100 })
  driver.sleep(5000)
  driver.calls(100)
  expect(driver.delivered).toEqual({ s1: 10, s2: 70, s3: 85 })
})

describe('a failover group', () => {
  it('uses the highest priority, in whatever order the sinks are given', () => {
    const group = groupOf({ low: -1, high: 7, middle: 3 })
    expect(group.choose(0, all)).toEqual({ sink: 'high' })
    group.failed('high', sinkFailure, 0)
    expect(group.choose(0, all)).toEqual({ sink: 'middle' })
    expect(group.status(0).map(({ sink, live }) => [sink, live])).toEqual([
      ['low', false],
      ['high', false],
      ['middle', true],
    ])
  })

  it('waits for a live sink that is busy, rather than fail over from it', () => {
    expect(groupOf({ a: 2, b: 1 }).choose(0, none)).toEqual({ sink: 'a' })
  })

  it('tries a sink whose penalty is over by one write, while the live one goes on', () => {
    const group = groupOf({ a: 2, b: 1 })
    group.failed('a', sinkFailure, 0)
    expect(group.choose(1999, all)).toEqual({ sink: 'b' })
    expect(group.choose(2000, all)).toEqual({ sink: 'a' })
    group.assigned('a', 2000)
    expect(group.choose(2000, all)).toEqual({ sink: 'b' })
    expect(group.choose(9_000_000, all)).toEqual({ sink: 'b' })
    group.succeeded('a', 9_000_000)
    expect(group.choose(9_000_000, all)).toEqual({ sink: 'a' })
    expect(group.status(9_000_000)[0]).toMatchObject({ live: true, failures: 0 })
  })

  it('does not wait for a sink that is due and not free: it may be starting, or hang', () => {
    const group = groupOf({ a: 2, b: 1 })
    group.failed('a', sinkFailure, 0)
    expect(group.choose(2000, (sink) => sink === 'b')).toEqual({ sink: 'b' })
  })

  it('does not try sinks below the live one', () => {
    const group = groupOf({ a: 2, b: 1 })
    group.failed('b', sinkFailure, 0)
    expect(group.choose(60_000, all)).toEqual({ sink: 'a' })
  })

  it('with all sinks down asks again when the first penalty ends, and tries each', () => {
    const group = groupOf({ a: 2, b: 1 })
    group.failed('a', sinkFailure, 0)
    group.failed('b', sinkFailure, 5)
    expect(group.choose(5, all)).toEqual({ retryAtMs: 2000 })
    group.assigned('a', 2000)
    expect(group.choose(2000, all)).toEqual({ retryAtMs: 2005 })
    expect(group.choose(2005, all)).toEqual({ sink: 'b' })
    group.assigned('b', 2005)
    // Both are being tried: only the end of a write changes anything.
    expect(group.choose(60_000, all)).toEqual({ retryAtMs: Infinity })
    expect(group.status(60_000).every(({ live }) => !live)).toBe(true)
  })

  it('keeps a dead sink out for at most the longest penalty', () => {
    const group = groupOf({ a: 2, b: 1 }, '10s')
    let nowMs = 0
    const waits = Array.from({ length: 40 }, () => {
      group.failed('a', sinkFailure, nowMs)
      const { retryAtMs } = group.status(nowMs)[0]!
      const waitMs = retryAtMs! - nowMs
      nowMs = retryAtMs!
      group.assigned('a', nowMs)
      return waitMs
    })
    expect(waits.slice(0, 4)).toEqual([2000, 4000, 8000, 10_000])
    expect(new Set(waits.slice(4))).toEqual(new Set([10_000]))
  })
})
