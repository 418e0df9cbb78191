import { expect, it } from 'vitest'
import { FlumeError } from '../../core/errors.ts'
import { singleSinkGroupSchema } from './config.ts'
import { createSinkGroup } from './sink-group.ts'

const always = (): boolean => true

const error = new FlumeError('FLM4201', 'the target is away', { retryable: true })
const config = singleSinkGroupSchema.parse({ backoffMin: '1s', backoffMax: '5s' })
const random = { number: () => 0, bytes: (length: number) => Buffer.alloc(length) }

const groupOfOne = (number = 0) =>
  createSinkGroup(config, ['out'], { ...random, number: () => number })

it('uses its sink until it fails', () => {
  const group = groupOfOne()
  expect(group.choose(0, always)).toEqual({ sink: 'out' })
  group.succeeded('out', 5)
  expect(group.choose(5, always)).toEqual({ sink: 'out' })
})

it('waits longer after each failure, up to the longest delay', () => {
  const group = groupOfOne()
  let nowMs = 0
  const delays = Array.from({ length: 40 }, () => {
    group.failed('out', error, nowMs)
    const choice = group.choose(nowMs, always)
    const retryAtMs = 'retryAtMs' in choice ? choice.retryAtMs : nowMs
    const delayMs = retryAtMs - nowMs
    nowMs = retryAtMs
    return delayMs
  })
  expect(delays.slice(0, 5)).toEqual([1000, 2000, 4000, 5000, 5000])
  // Flume's penalty becomes negative at the 22nd failure: its dead sink is then hammered.
  expect(new Set(delays.slice(5))).toEqual(new Set([5000]))
})

it('takes up to a quarter off the delay, so that many sinks do not come back at once', () => {
  const group = groupOfOne(0.999)
  group.failed('out', error, 0)
  expect(group.choose(0, always)).toEqual({ retryAtMs: expect.closeTo(750, 0) as number })
})

it('is as new after a success', () => {
  const group = groupOfOne()
  for (let i = 0; i < 3; i++) group.failed('out', error, i * 60_000)
  group.succeeded('out', 200_000)
  group.failed('out', error, 300_000)
  expect(group.choose(300_000, always)).toEqual({ retryAtMs: 301_000 })
})

it('counts writes that were under way together and failed together once', () => {
  const group = groupOfOne()
  group.failed('out', error, 0)
  group.failed('out', error, 1)
  expect(group.status(1)[0]).toMatchObject({ failures: 1 })
})

it('says why its sink is not used, until it works again', () => {
  const group = groupOfOne()
  expect(group.status(0)).toEqual([
    { sink: 'out', live: true, failures: 0, retryAtMs: undefined, lastError: undefined },
  ])
  group.failed('out', error, 0)
  expect(group.status(0)).toEqual([
    {
      sink: 'out',
      live: false,
      failures: 1,
      retryAtMs: 1000,
      lastError: 'FLM4201 the target is away',
    },
  ])
  group.succeeded('out', 1000)
  expect(group.status(1000)[0]).toMatchObject({ live: true, failures: 0, lastError: undefined })
})

it('is for one sink', () => {
  expect(() => createSinkGroup(config, ['a', 'b'], random)).toThrow(RangeError)
})

it('wants the shorter delay first', () => {
  expect(() => singleSinkGroupSchema.parse({ backoffMin: '1m', backoffMax: '1s' })).toThrow(
    'backoffMax',
  )
})
