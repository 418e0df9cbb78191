import { expect, it } from 'vitest'
import { bodyAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { receipt } from '../../core/receipt.ts'
import type { SourceContext } from '../../core/source.ts'
import { systemClock } from '../../lib/clock.ts'
import type { Clock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { stressSourceSchema } from './config.ts'
import { createSource } from './source.ts'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

function contextFor(
  emit: (batch: Batch) => Promise<void>,
  options: { readonly clock?: Clock; readonly fail?: (error: FlumeError) => void } = {},
): SourceContext {
  return {
    name: 'in',
    flow: 'f',
    clock: options.clock ?? systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log: silent,
    emit: (batch) => {
      const accepted = emit(batch)
      return receipt(accepted, accepted)
    },
    positions: () => new Map(),
    fail: options.fail ?? (() => {}),
    dropped: () => {},
    eventBytesMax: 2 ** 20,
  }
}

const bodies = (batches: readonly Batch[]): string[] =>
  batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString()),
  )

async function all(config: { readonly maxTotalEvents: number }): Promise<Batch[]> {
  const batches: Batch[] = []
  let count = 0
  const source = createSource(stressSourceSchema.parse(config))
  const done = Promise.withResolvers<void>()
  await source.start(
    contextFor(async (batch) => {
      batches.push(batch)
      count += batch.count
      if (count === config.maxTotalEvents) done.resolve()
    }),
  )
  await done.promise
  await source.stop()
  return batches
}

/** A clock that moves when told to; every timer that is due then runs. */
function clockByHand() {
  let nowMs = 0
  const timers = new Set<{ readonly atMs: number; readonly run: () => void }>()
  const clock: Clock = {
    now: () => nowMs,
    monotonic: () => nowMs,
    schedule(run, delayMs) {
      const timer = { atMs: nowMs + delayMs, run }
      timers.add(timer)
      return { clear: () => void timers.delete(timer) }
    },
  }
  const advance = async (byMs: number): Promise<void> => {
    nowMs += byMs
    for (const timer of timers) {
      if (timer.atMs > nowMs) continue
      timers.delete(timer)
      timer.run()
    }
    await new Promise(setImmediate)
  }
  return { clock, advance }
}

it('makes bodies of the size asked for, each with its own number', async () => {
  const batches = await all({ maxTotalEvents: 5, batchSize: 2, size: 24, prefix: 'load' } as {
    maxTotalEvents: number
  })
  expect(batches.map((batch) => batch.count)).toEqual([2, 2, 1])
  expect(bodies(batches)).toEqual([
    'load-000000000000 xxxxxx',
    'load-000000000001 xxxxxx',
    'load-000000000002 xxxxxx',
    'load-000000000003 xxxxxx',
    'load-000000000004 xxxxxx',
  ])
})

it('writes at least the number into a body that is too small for it', async () => {
  const config = { maxTotalEvents: 1, size: 1, prefix: 'p' }
  expect(bodies(await all(config))).toEqual(['p-000000000000'])
})

it('makes different events at each start', async () => {
  const first = bodies(await all({ maxTotalEvents: 2 }))
  const second = bodies(await all({ maxTotalEvents: 2 }))
  expect(new Set([...first, ...second]).size).toBe(4)
  expect(first.every((body) => body.length === 500)).toBe(true)
})

it('keeps to its rate and does not burst after a stall', async () => {
  const { clock, advance } = clockByHand()
  let events = 0
  const source = createSource(stressSourceSchema.parse({ eventsPerSecond: 1000, batchSize: 10 }))
  await source.start(contextFor(async (batch) => void (events += batch.count), { clock }))
  await new Promise(setImmediate)
  for (let ms = 0; ms < 100; ms++) await advance(1)
  expect(events).toBe(110)
  await advance(60_000)
  expect(events).toBe(120)
  expect(source.status!()).toMatchObject({ made: 120, done: false, behindMs: 59_990 })
  await source.stop()
})

it('goes on late when the channels were full, without more than a bounded number on the way', async () => {
  const { clock, advance } = clockByHand()
  let batches = 0
  const gate = Promise.withResolvers<void>()
  const source = createSource(stressSourceSchema.parse({ eventsPerSecond: 1000 }))
  await source.start(
    contextFor(
      () => {
        batches++
        return gate.promise
      },
      { clock },
    ),
  )
  for (let ms = 0; ms < 200; ms++) await advance(1)
  expect(batches).toBe(64)
  gate.resolve()
  await advance(1)
  expect(batches).toBeLessThan(70)
  await source.stop()
})

it('reports a batch that can never be taken', async () => {
  const refusal = new FlumeError('FLM2203', 'too large', { retryable: false })
  const failed = Promise.withResolvers<FlumeError>()
  const source = createSource(stressSourceSchema.parse({}))
  await source.start(contextFor(() => Promise.reject(refusal), { fail: failed.resolve }))
  expect(await failed.promise).toBe(refusal)
  await source.stop()
})
