import { expect, it } from 'vitest'
import { bodyAt } from '../../core/batch.ts'
import type { Batch, Position } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { receipt } from '../../core/receipt.ts'
import type { SourceContext } from '../../core/source.ts'
import { systemClock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { seqSourceSchema } from './config.ts'
import { createSource, numbers } from './source.ts'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

function contextFor(
  emit: (batch: Batch) => Promise<void>,
  options: { readonly from?: number; readonly fail?: (error: FlumeError) => void } = {},
): SourceContext {
  const { from } = options
  const positions = new Map<string, Position>()
  if (from !== undefined) positions.set('seq', { offset: from, routing: '', memo: '' })
  return {
    name: 'in',
    flow: 'f',
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log: silent,
    emit: (batch) => {
      const accepted = emit(batch)
      return receipt(accepted, accepted)
    },
    positions: () => positions,
    fail: options.fail ?? (() => {}),
    dropped: () => {},
    eventBytesMax: 2 ** 20,
  }
}

const bodies = (batches: readonly Batch[]): string[] =>
  batches.flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString()),
  )

/** Runs a source until it has nothing more to do. */
async function all(config: object, from?: number): Promise<Batch[]> {
  const batches: Batch[] = []
  const source = createSource(seqSourceSchema.parse(config))
  const done = Promise.withResolvers<void>()
  const context = contextFor(
    async (batch) => {
      batches.push(batch)
      if (batch.origin!.to === (config as { totalEvents: number }).totalEvents) done.resolve()
    },
    from === undefined ? {} : { from },
  )
  await source.start(context)
  await done.promise
  await source.stop()
  return batches
}

it('counts up from 0, in batches, to the total', async () => {
  const batches = await all({ totalEvents: 10, batchSize: 4 })
  expect(batches.map((batch) => batch.count)).toEqual([4, 4, 2])
  expect(bodies(batches)).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9'])
})

it('makes one event a batch by default, as Flume does', async () => {
  expect(await all({ totalEvents: 3 })).toHaveLength(3)
})

it('goes on after a restart where the channels left off', async () => {
  const batches = await all({ totalEvents: 102, batchSize: 10 }, 99)
  expect(bodies(batches)).toEqual(['99', '100', '101'])
  expect(batches[0]!.origin).toMatchObject({
    stream: 'seq',
    from: 99,
    to: 102,
    offsets: Float64Array.of(100, 101, 102),
  })
})

it('emits nothing when the total was reached before', async () => {
  const batches: Batch[] = []
  const source = createSource(seqSourceSchema.parse({ totalEvents: 5 }))
  await source.start(contextFor(async (batch) => void batches.push(batch), { from: 5 }))
  expect(source.status!()).toEqual({ next: 5, done: true })
  await source.stop()
  expect(batches).toEqual([])
})

it('waits while the channels take nothing', async () => {
  const batches: Batch[] = []
  const gate = Promise.withResolvers<void>()
  const source = createSource(seqSourceSchema.parse({}))
  await source.start(
    contextFor((batch) => {
      batches.push(batch)
      return gate.promise
    }),
  )
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  expect(batches).toHaveLength(8)
  const stopped = source.stop()
  gate.resolve()
  await stopped
  expect(batches).toHaveLength(8)
})

it('fails when a batch can never be taken, so that no number is left out', async () => {
  const refusal = new FlumeError('FLM2203', 'too large', { retryable: false })
  const failed = Promise.withResolvers<FlumeError>()
  const source = createSource(seqSourceSchema.parse({}))
  await source.start(contextFor(() => Promise.reject(refusal), { fail: failed.resolve }))
  expect(await failed.promise).toBe(refusal)
  await source.stop()
})

it('writes large numbers exactly', () => {
  const first = Number.MAX_SAFE_INTEGER - 2
  expect(bodies([numbers(first, 2)])).toEqual(['9007199254740989', '9007199254740990'])
})
