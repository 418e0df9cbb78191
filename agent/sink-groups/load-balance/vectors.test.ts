import { describe, expect, test } from 'vitest'
import { GroupDriver, sinkFailure } from '../../../test/sim/group-driver.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { loadBalanceSinkGroupSchema } from './config.ts'
import { createSinkGroup } from './sink-group.ts'

/** What Flume 1.11 does, measured. */

type Config = Parameters<typeof loadBalanceSinkGroupSchema.parse>[0]

const THREE = ['s1', 's2', 's3']

function driverOf(config: Config, sinks: readonly string[] = THREE): GroupDriver {
  const parsed = loadBalanceSinkGroupSchema.parse(config)
  return new GroupDriver(createSinkGroup(parsed, sinks, new SeededRandom(42)))
}

interface Case {
  readonly name: string
  readonly config: Config
  readonly run: (driver: GroupDriver) => void
  /** Events of s1, s2 and s3. */
  readonly expected: readonly [number, number, number]
}

const roundRobin: readonly Case[] = [
  {
    name: 'default config, no failure',
    config: {},
    run: (driver) => driver.calls(300),
    expected: [100, 100, 100],
  },
  {
    name: 'one active',
    config: { backoff: false },
    run: (driver) => {
      driver.failing('s1', 's3')
      driver.calls(10)
    },
    expected: [0, 10, 0],
  },
  {
    name: 'persistent failure',
    config: { backoff: false },
    run: (driver) => {
      driver.failing('s2')
      driver.calls(300)
    },
    expected: [100, 0, 200],
  },
  {
    name: 'backoff initial failure',
    config: { backoff: true },
    run: (driver) => {
      driver.calls(3)
      driver.failing('s2')
      driver.calls(3)
      driver.failing()
      driver.calls(294)
    },
    expected: [150, 1, 149],
  },
  {
    name: 'increasing backoffs',
    config: { backoff: true },
    run: (driver) => {
      driver.failing('s2')
      driver.calls(3)
      driver.sleep(2100)
      driver.calls(3)
      driver.failing()
      driver.sleep(2100)
      driver.calls(3)
      expect(driver.delivered['s2']).toBe(0)
      driver.sleep(2100)
      driver.calls(291)
    },
    expected: [102, 97, 101],
  },
  {
    name: 'failure recovery',
    config: { backoff: true },
    run: (driver) => {
      driver.failing('s2')
      driver.calls(3)
      driver.failing()
      driver.sleep(2001)
      driver.calls(297)
    },
    expected: [101, 99, 100],
  },
  {
    name: 'random, one active',
    config: { selector: 'Random', backoff: false },
    run: (driver) => {
      driver.failing('s1', 's3')
      driver.calls(10)
    },
    expected: [0, 10, 0],
  },
  {
    name: 'random, backoff',
    config: { selector: 'Random', backoff: true },
    run: (driver) => {
      driver.failing('s1', 's3')
      driver.calls(50)
      expect(driver.delivered).toEqual({ s1: 0, s2: 50, s3: 0 })
      driver.failing('s2', 's3')
      expect(driver.call()).toBe(false)
      driver.sleep(2100)
      driver.calls(50)
    },
    expected: [50, 50, 0],
  },
]

test.each(roundRobin)('Flume: TestLoadBalancingSinkProcessor, $name', (each) => {
  const driver = driverOf(each.config)
  each.run(driver)
  expect(THREE.map((sink) => driver.delivered[sink])).toEqual(each.expected)
})

test('Flume: TestLoadBalancingSinkProcessor, random, persistent failure', () => {
  const driver = driverOf({ selector: 'Random', backoff: false })
  driver.failing('s2')
  driver.calls(300)
  expect(driver.delivered['s2']).toBe(0)
  expect(driver.delivered['s1']! + driver.delivered['s3']!).toBe(300)
})

test('Flume: TestLoadBalancingSinkProcessor, random, no failure', () => {
  const sinks = Array.from({ length: 10 }, (_, i) => `s${i + 1}`)
  const driver = driverOf({ selector: 'Random' }, sinks)
  driver.calls(10_000)
  const counts = Object.values(driver.delivered)
  expect(counts.reduce((sum, count) => sum + count)).toBe(10_000)
  expect(new Set(counts).size).toBeGreaterThan(1)
})

describe('Flume: order of the sinks for each call, before and after b failed', () => {
  const cases = [
    { backoff: false, before: '(abc)(bca)(cab)', after: '(abc)(bca)(cab)' },
    { backoff: true, before: '(abc)(bca)(cab)', after: '(ac)(ca)(ac)' },
  ]
  test.each(cases)('backoff $backoff: $before !b $after', ({ backoff, before, after }) => {
    const config = loadBalanceSinkGroupSchema.parse({ backoff })
    const group = createSinkGroup(config, ['a', 'b', 'c'], new SeededRandom(1))

    /** All that would be tried, one after the other; then the first takes the turn, and delivers. */
    const turn = (): string => {
      const tried: string[] = []
      for (;;) {
        const choice = group.choose(0, (sink) => !tried.includes(sink))
        if ('retryAtMs' in choice) break
        tried.push(choice.sink)
      }
      group.assigned(tried[0]!, 0)
      group.succeeded(tried[0]!, 0)
      return `(${tried.join('')})`
    }
    const turns = (): string => [turn(), turn(), turn()].join('')

    expect(turns()).toBe(before)
    group.failed('b', sinkFailure, 0)
    // The attempt that follows a failure belongs to the same call.
    turn()
    expect(turns()).toBe(after)
  })
})
