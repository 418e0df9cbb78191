import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import { testContext } from '../../test/sim/test-context.ts'
import type { Batch } from '../core/batch.ts'
import type { Lease } from '../core/channel.ts'
import { FlumeError } from '../core/errors.ts'
import type { FailingEvent } from '../core/errors.ts'
import { ChannelRunner } from './channel-runner.ts'
import { Triage } from './triage.ts'

const never = new AbortController().signal

/** A lease of several batches, and a dead-letter channel. */
async function harness(bodies: readonly (readonly string[])[]) {
  const { context, parts } = testContext()
  const channel = new ModelChannel(modelStore())
  for (const [i, each] of bodies.entries()) {
    const need = { events: each.length, bytes: 1 }
    channel.append(streamBatch('s', 1000 * i, each), await channel.reserve(need, never))
  }
  channel.commit()
  const leases: Lease[] = []
  for (let i = 0; i < bodies.length; i++) {
    const options = { sink: 'out', eventsMax: 1000, bytesMax: 1e6, signal: never }
    leases.push((await channel.take(options))!)
  }
  const runner = new ChannelRunner({ name: 'd', type: 'model', config: {} }, context)
  runner.open()
  const dead = (await runner.whenOpen())! as ModelChannel
  const stopping = new AbortController()
  return { context, channel, leases, runner, dead, stopping, parts }
}

interface Target {
  readonly bad: (body: string) => boolean
  /** Names bad events, as many at a time. 0: none. */
  readonly names: number
  /** Writes until it fails for a while. */
  readonly lasts?: number
}

function target({ bad, names, lasts = Infinity }: Target) {
  const delivered: string[] = []
  let writes = 0
  const write = async (batches: readonly Batch[]): Promise<undefined> => {
    if (++writes > lasts) throw new FlumeError('FLM4201', 'away', { retryable: true })
    const failing = batches
      .flatMap((batch, at): FailingEvent[] =>
        bodiesOf(batch).flatMap((body, event) =>
          bad(body) ? [{ batch: at, event, reason: 'bad' }] : [],
        ),
      )
      .slice(0, names)
    if (batches.some((batch) => bodiesOf(batch).some(bad)))
      throw new FlumeError('FLM4201', 'never', { retryable: false, failing })
    delivered.push(...batches.flatMap(bodiesOf))
  }
  return { write, delivered, writes: () => writes }
}

async function triaged(bodies: readonly (readonly string[])[], of: Target) {
  const parts = await harness(bodies)
  const { context, runner, leases, channel, stopping } = parts
  const sink = target(of)
  const triage = new Triage({
    context,
    sink: 'out',
    from: 'c',
    channel: () => runner,
    stopping: stopping.signal,
    write: sink.write,
    acknowledge: (lease, state) => void lease.ack(state),
  })
  const suspects: { lease: Lease; error: FlumeError }[] = []
  let away: FlumeError | undefined
  for (const lease of leases) {
    try {
      await sink.write(lease.batches)
      await lease.ack()
    } catch (thrown) {
      const failed = thrown as FlumeError
      // As the runner does: what may succeed later is no matter for the triage.
      if (failed.retryable) {
        lease.release()
        away = failed
      } else suspects.push({ lease, error: failed })
    }
  }
  const error = (suspects.length > 0 ? await triage.run(suspects) : undefined) ?? away
  return { ...parts, ...sink, triage, error, left: () => channel.store.backlog.flatMap(bodiesOf) }
}

describe('the triage of a lease', () => {
  test('every event is delivered or a dead letter, once, whatever is bad and named', async () => {
    const some = fc.array(fc.array(fc.boolean(), { minLength: 1, maxLength: 12 }), {
      minLength: 1,
      maxLength: 4,
    })
    await fc.assert(
      fc.asyncProperty(some, fc.nat(3), fc.option(fc.nat(12)), async (bad, names, lasts) => {
        let next = 0
        const bodies = bad.map((each) => each.map((isBad) => `${isBad ? 'x' : 'o'}${next++}`))
        const all = bodies.flat()
        const isBad = (body: string): boolean => body.startsWith('x')
        const result = await triaged(bodies, { bad: isBad, names, ...(lasts && { lasts }) })
        const { dead, delivered, left, channel, error, triage } = result
        const letters = dead.store.log
        expect(letters.every(isBad)).toBe(true)
        expect(delivered.some(isBad)).toBe(false)
        expect(channel.stats().leasedEvents).toBe(0)
        if (error === undefined) {
          expect([...delivered, ...letters].sort()).toEqual(all.toSorted())
          expect(triage.lettersTotal).toBe(letters.length)
        } else {
          expect(error.message).toBe('away')
          // What was given back may be a letter already, and is one once more only if it comes again.
          expect(new Set([...delivered, ...letters, ...left()])).toEqual(new Set(all))
          expect(delivered.filter((body) => left().includes(body))).toEqual([])
        }
      }),
      { numRuns: 300 },
    )
  })

  test('takes a number of writes that grows with the logarithm', async () => {
    const bodies = [Array.from({ length: 8192 }, (_, i) => (i === 5000 ? 'x' : 'o'))]
    const bodiesMax = { bad: (body: string) => body === 'x', names: 0 }
    const { context, runner, stopping } = await harness([])
    const channel = new ModelChannel(modelStore())
    channel.append(
      streamBatch('s', 0, bodies[0]!),
      await channel.reserve({ events: 8192, bytes: 1 }, never),
    )
    channel.commit()
    const lease = await channel.take({ sink: 'o', eventsMax: 8192, bytesMax: 1e6, signal: never })
    const sink = target(bodiesMax)
    const triage = new Triage({
      context,
      sink: 'out',
      from: 'c',
      channel: () => runner,
      stopping: stopping.signal,
      write: sink.write,
      acknowledge: (each, state) => void each.ack(state),
    })
    const error = new FlumeError('FLM4201', 'never', { retryable: false })
    expect(await triage.run([{ lease: lease!, error }])).toBeUndefined()
    expect(sink.writes()).toBeLessThanOrEqual(2 * 13)
    expect(sink.delivered).toHaveLength(8191)
  })

  test('events that are named where there are none leave it to halving', async () => {
    const { context, runner, leases, dead, stopping } = await harness([['a', 'x']])
    const failing = [{ batch: 7, event: 0, reason: 'nowhere' }]
    const triage = new Triage({
      context,
      sink: 'out',
      from: 'c',
      channel: () => runner,
      stopping: stopping.signal,
      write: async (batches) => {
        if (batches.flatMap(bodiesOf).includes('x'))
          throw new FlumeError('FLM4201', 'never', { retryable: false, failing })
        return undefined
      },
      acknowledge: (lease, state) => void lease.ack(state),
    })
    const error = new FlumeError('FLM4201', 'never', { retryable: false, failing })
    expect(await triage.run([{ lease: leases[0]!, error }])).toBeUndefined()
    expect(dead.store.log).toEqual(['x'])
  })
})
