import { describe, expect, it } from 'vitest'
import { GroupDriver, sinkFailure } from '../../../test/sim/group-driver.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { loadBalanceSinkGroupSchema } from './config.ts'
import { createSinkGroup } from './sink-group.ts'

const all = (): boolean => true
const none = (): boolean => false

function groupOf(
  config: { readonly selector?: 'RoundRobin' | 'Random'; readonly backoff?: boolean } = {},
  sinks: readonly string[] = ['a', 'b', 'c'],
) {
  return createSinkGroup(loadBalanceSinkGroupSchema.parse(config), sinks, new SeededRandom(1))
}

describe('a loadBalance group', () => {
  it('passes over sinks that are busy, so that one that hangs holds up nobody', () => {
    const group = groupOf()
    const isFree = (sink: string): boolean => sink !== 'b'
    const chosen = Array.from({ length: 6 }, () => {
      const choice = group.choose(0, isFree)
      if ('sink' in choice) group.assigned(choice.sink, 0)
      return choice
    })
    expect(chosen.map((each) => ('sink' in each ? each.sink : '')).join('')).toBe('acacac')
  })

  it('waits for the end of a write when all are busy', () => {
    expect(groupOf().choose(0, none)).toEqual({ retryAtMs: Infinity })
  })

  it('with all backed off asks again when the first penalty ends; Flume throws', () => {
    for (const selector of ['RoundRobin', 'Random'] as const) {
      const group = groupOf({ selector })
      for (const [i, sink] of ['b', 'a', 'c'].entries()) group.failed(sink, sinkFailure, i)
      expect(group.choose(5, all)).toEqual({ retryAtMs: 2000 })
      expect(group.choose(2000, all)).toEqual({ sink: 'b' })
      expect(group.status(2000).every(({ live }) => !live)).toBe(true)
    }
  })

  it('tries a sink whose penalty is over by one write, and the others go on', () => {
    const group = groupOf()
    group.failed('a', sinkFailure, 0)
    group.assigned('b', 0)
    group.succeeded('b', 1)
    expect(group.choose(2000, (sink) => sink === 'a')).toEqual({ sink: 'a' })
    group.assigned('a', 2000)
    for (let i = 0; i < 10; i++) {
      const choice = group.choose(60_000, all)
      expect(choice).not.toEqual({ sink: 'a' })
      if ('sink' in choice) group.assigned(choice.sink, 60_000)
    }
    group.succeeded('a', 60_000)
    expect(group.status(60_000)[0]).toMatchObject({ live: true })
  })

  it('says which sinks are live and why the others are not', () => {
    const group = groupOf()
    group.failed('b', sinkFailure, 100)
    expect(group.status(200)).toEqual([
      { sink: 'a', live: true, failures: 0, retryAtMs: undefined, lastError: undefined },
      {
        sink: 'b',
        live: false,
        failures: 1,
        retryAtMs: 2100,
        lastError: 'FLM4201 the test says so',
      },
      { sink: 'c', live: true, failures: 0, retryAtMs: undefined, lastError: undefined },
    ])
  })

  it('remembers failures for an hour after the penalty, as Flume does', () => {
    const group = groupOf()
    const penaltyAt = (nowMs: number): number => {
      group.failed('a', sinkFailure, nowMs)
      const waitMs = group.status(nowMs)[0]!.retryAtMs! - nowMs
      group.succeeded('a', nowMs + waitMs)
      return waitMs
    }
    const hour = 3_600_000
    expect([0, 10_000, 20_000, 30_000, 60_000].map(penaltyAt)).toEqual([
      2000, 4000, 8000, 16_000, 30_000,
    ])
    expect(penaltyAt(60_000 + 30_000 + hour)).toBe(2000)
  })
})

describe('without back-off', () => {
  it('a sink that failed is tried when its turn comes', () => {
    const driver = new GroupDriver(groupOf({ backoff: false }))
    driver.failing('b')
    driver.calls(6)
    expect(driver.attempts.join('')).toBe('abccabcc')
  })

  it('the group pauses when all have failed, longer each time: no busy loop', () => {
    const driver = new GroupDriver(groupOf({ backoff: false }))
    driver.failing('a', 'b', 'c')
    const pauses = Array.from({ length: 7 }, () => {
      const attemptsBefore = driver.attempts.length
      expect(driver.call()).toBe(false)
      expect(driver.attempts.slice(attemptsBefore).toSorted()).toEqual(['a', 'b', 'c'])
      const choice = driver.group.choose(driver.nowMs, all)
      const pauseMs = 'retryAtMs' in choice ? choice.retryAtMs - driver.nowMs : 0
      driver.sleep(pauseMs)
      return pauseMs
    })
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    driver.failing()
    expect(driver.call()).toBe(true)
    driver.failing('a', 'b', 'c')
    driver.call()
    expect(driver.group.choose(driver.nowMs, all)).toEqual({ retryAtMs: driver.nowMs + 2000 })
  })
})
