import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SinkGroup } from '../core/sink-group.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { sinkFailure } from '../../test/sim/group-driver.ts'
import { failoverSinkGroupSchema } from './failover/config.ts'
import { createSinkGroup as createFailover } from './failover/sink-group.ts'
import { loadBalanceSinkGroupSchema } from './load-balance/config.ts'
import { createSinkGroup as createLoadBalance } from './load-balance/sink-group.ts'

/*
 * Properties that hold for every policy, whatever happens: writes that end well or badly, in any
 * order and at any time, and sinks that take several at a time.
 */

const SINKS = ['a', 'b', 'c', 'd']
const WRITES_MAX = 3
const PENALTY_MAX_MS = 30_000

const failover = (): SinkGroup => {
  const priorities = SINKS.map((sink, i) => ({ sink, priority: 100 - i }))
  return createFailover(failoverSinkGroupSchema.parse({ priorities }), SINKS)
}

const loadBalance = (selector: string, backoff: boolean, seed: number): SinkGroup => {
  const config = loadBalanceSinkGroupSchema.parse({ selector, backoff })
  return createLoadBalance(config, SINKS, new SeededRandom(seed))
}

const policies = [
  { name: 'failover', make: failover },
  ...['RoundRobin', 'Random'].flatMap((selector) =>
    [true, false].map((backoff) => ({
      name: `loadBalance ${selector}${backoff ? '' : ' without back-off'}`,
      make: (seed: number) => loadBalance(selector, backoff, seed),
    })),
  ),
]

type Step =
  | { readonly kind: 'write' }
  | { readonly kind: 'end'; readonly which: number; readonly well: boolean }
  | { readonly kind: 'wait'; readonly ms: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.constant({ kind: 'write' } as const) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('end' as const),
      which: fc.nat(20),
      well: fc.boolean(),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.nat(20_000) }),
  },
)

/** The sinks of a test with their writes, and what must hold whenever the policy is asked. */
class World {
  readonly group: SinkGroup
  readonly delivered: string[] = []
  nowMs = 0
  /** With how often the sink had failed when they began. */
  writes: { readonly sink: string; readonly failures: number }[] = []
  readonly #failures = new Map<string, number>()

  constructor(group: SinkGroup) {
    this.group = group
  }

  run(steps: readonly Step[]): void {
    for (const each of steps) {
      if (each.kind === 'wait') this.nowMs += each.ms
      else if (each.kind === 'write') this.write()
      else if (this.writes.length > 0) this.end(each.which % this.writes.length, each.well)
    }
  }

  isFree = (sink: string): boolean =>
    this.writes.filter((each) => each.sink === sink).length < WRITES_MAX

  write(): void {
    const { nowMs } = this
    const choice = this.group.choose(nowMs, this.isFree)
    expect(this.group.choose(nowMs, this.isFree)).toEqual(choice)
    const health = this.group.status(nowMs)
    if ('retryAtMs' in choice) {
      expect(choice.retryAtMs).toBeGreaterThan(nowMs)
      // Nobody waits while a sink that works has room.
      expect(health.filter(({ sink, live }) => live && this.isFree(sink))).toEqual([])
      return
    }
    const { retryAtMs } = health.find(({ sink }) => sink === choice.sink)!
    // Never one that is backed off.
    expect(retryAtMs ?? 0).toBeLessThanOrEqual(nowMs)
    if (!this.isFree(choice.sink)) return
    // One that has not proven to work again has one write at a time, beside those from before.
    const failures = this.#failures.get(choice.sink) ?? 0
    const probes = this.writes.filter(
      (each) => retryAtMs !== undefined && each.sink === choice.sink && each.failures === failures,
    )
    expect(probes).toEqual([])
    this.group.assigned(choice.sink, nowMs)
    this.writes.push({ sink: choice.sink, failures })
  }

  end(which: number, well: boolean): void {
    const { sink } = this.writes.splice(which, 1)[0]!
    if (well) {
      this.group.succeeded(sink, this.nowMs)
      this.delivered.push(sink)
    } else {
      this.group.failed(sink, sinkFailure, this.nowMs)
      this.#failures.set(sink, (this.#failures.get(sink) ?? 0) + 1)
    }
  }

  /** All sinks work again, and what hung has ended. */
  recover(): void {
    while (this.writes.length > 0) this.end(0, true)
    this.nowMs += PENALTY_MAX_MS
    this.delivered.length = 0
  }

  deliver(count: number): readonly string[] {
    for (let i = 0; i < count; i++) {
      this.write()
      while (this.writes.length > 0) this.end(0, true)
    }
    return this.delivered
  }
}

const steps = fc.array(step, { minLength: 1, maxLength: 200 })

describe.each(policies)('$name', ({ name, make }) => {
  test('chooses no backed-off sink, tries one that failed by one write, and lets no live one wait', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) => {
        new World(make(seed)).run(all)
      }),
      { numRuns: 300 },
    )
  })

  test('whatever happened, delivers at once when its sinks work again', () => {
    fc.assert(
      fc.property(steps, fc.nat(), (all, seed) => {
        const world = new World(make(seed))
        world.run(all)
        world.recover()
        expect(world.deliver(10)).toHaveLength(10)
      }),
      { numRuns: 200 },
    )
  })

  if (name === 'failover') {
    test('whatever happened, returns to the highest priority after its penalty', () => {
      fc.assert(
        fc.property(steps, (all) => {
          const world = new World(make(0))
          world.run(all)
          world.recover()
          expect(new Set(world.deliver(5))).toEqual(new Set(['a']))
          expect(world.group.status(world.nowMs).find(({ live }) => live)?.sink).toBe('a')
        }),
        { numRuns: 200 },
      )
    })
  } else {
    test('whatever happened, gives every sink its share when all work again', () => {
      fc.assert(
        fc.property(steps, fc.nat(), (all, seed) => {
          const world = new World(make(seed))
          world.run(all)
          world.recover()
          const shares = SINKS.map(
            (sink) => world.deliver(100).filter((each) => each === sink).length,
          )
          expect(Math.min(...shares)).toBeGreaterThan(5)
        }),
        { numRuns: 100 },
      )
    })
  }
})

test('round robin gives all sinks the same while all are live and free', () => {
  const world = new World(loadBalance('RoundRobin', true, 0))
  world.deliver(400)
  for (const sink of SINKS)
    expect(world.delivered.filter((each) => each === sink)).toHaveLength(100)
})
