import { describe, expect, test } from 'vitest'
import { FlumeError } from './errors.ts'
import { SinkPenalties, doublingPenaltyMs } from './sink-penalties.ts'

const error = new FlumeError('FLM4201', 'the target is away', { retryable: true })
const penaltyMs = (failures: number): number => doublingPenaltyMs(failures, 30_000)

describe('Flume: penalty by failures in a row', () => {
  // Flume gives negative ones for 22 to 26 and 28, 0 for 29 to 31, 1000 for 32.
  const expected = [2000, 4000, 8000, 16_000, ...Array.from({ length: 60 }, () => 30_000)]
  test.each(expected.map((ms, i) => [i + 1, ms] as const))('%i: %i ms', (failures, ms) => {
    expect(penaltyMs(failures)).toBe(ms)
  })

  test('as long as anything lasts', () => {
    expect(penaltyMs(1_000_000)).toBe(30_000)
    expect(doublingPenaltyMs(1_000_000, 3_600_000_000)).toBe(3_600_000_000)
  })
})

describe('a sink', () => {
  test('is penalized after a failure, then due, then tried by one write', () => {
    const penalties = new SinkPenalties(['a', 'b'], { penaltyMs })
    expect(penalties.state('a', 0)).toBe('live')
    penalties.failed('a', error, 10)
    expect(penalties.state('a', 2009)).toBe('penalized')
    expect(penalties.state('a', 2010)).toBe('due')
    penalties.assigned('a')
    expect(penalties.state('a', 2010)).toBe('probing')
    penalties.succeeded('a', 2020)
    expect(penalties.state('a', 2020)).toBe('live')
    expect(penalties.state('b', 0)).toBe('live')
  })

  test('that fails again is left alone for longer, and is as new after a success', () => {
    const penalties = new SinkPenalties(['a'], { penaltyMs })
    penalties.failed('a', error, 0)
    penalties.assigned('a')
    penalties.failed('a', error, 2000)
    expect(penalties.health('a', false)).toEqual({
      sink: 'a',
      live: false,
      failures: 2,
      retryAtMs: 6000,
      lastError: 'FLM4201 the target is away',
    })
    penalties.succeeded('a', 6000)
    expect(penalties.health('a', true)).toMatchObject({ failures: 0, retryAtMs: undefined })
    penalties.failed('a', error, 7000)
    expect(penalties.nextRetryMs(7000)).toBe(9000)
  })

  test('whose writes fail together has failed once', () => {
    const penalties = new SinkPenalties(['a'], { penaltyMs })
    for (const at of [0, 1, 2]) penalties.failed('a', error, at)
    expect(penalties.health('a', false)).toMatchObject({ failures: 1, retryAtMs: 2000 })
  })

  test('is not proven to work by a write that was under way when it failed', () => {
    const penalties = new SinkPenalties(['a'], { penaltyMs })
    penalties.assigned('a')
    penalties.failed('a', error, 0)
    penalties.succeeded('a', 1)
    expect(penalties.state('a', 1)).toBe('penalized')
    // Later it is: the sink works.
    penalties.succeeded('a', 2000)
    expect(penalties.state('a', 2000)).toBe('live')
  })

  test('may be remembered beyond a success', () => {
    const penalties = new SinkPenalties(['a'], { penaltyMs, rememberMs: 1000 })
    penalties.failed('a', error, 0)
    penalties.succeeded('a', 2000)
    penalties.failed('a', error, 2999)
    expect(penalties.health('a', false)).toMatchObject({ failures: 1, retryAtMs: 2999 + 4000 })
    penalties.succeeded('a', 7000)
    penalties.failed('a', error, 2999 + 4000 + 1000)
    expect(penalties.nextRetryMs(7999)).toBe(7999 + 2000)
  })
})

test('the next to be tried is the one whose penalty ends first', () => {
  const penalties = new SinkPenalties(['a', 'b', 'c'], { penaltyMs })
  expect(penalties.nextRetryMs(0)).toBe(Infinity)
  penalties.failed('b', error, 5)
  penalties.failed('a', error, 0)
  expect(penalties.nextRetryMs(5)).toBe(2000)
  expect(penalties.nextRetryMs(2000)).toBe(2005)
  expect(penalties.nextRetryMs(2005)).toBe(Infinity)
})
