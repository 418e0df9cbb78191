import { describe, expect, test } from 'vitest'
import { batchFrom } from '../../../test/avro/batches.ts'
import { TestIntake } from '../../../test/http/test-intake.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { TestLog } from '../../../test/sim/flow-parts.ts'
import { FlumeError } from '../../core/errors.ts'
import { NO_METADATA } from '../../rpc/avro/metadata.ts'
import { Budget } from './budget.ts'
import { Delivery } from './delivery.ts'

function setUp() {
  const intake = new TestIntake()
  const clock = new ManualClock()
  const log = new TestLog()
  const stopping = new AbortController()
  const budget = new Budget({ bytesMax: 2 ** 20, batchesMax: 100 })
  const delivery = new Delivery({
    config: { acknowledge: 'OnSafe', roomTimeout: 3000 },
    context: { emit: intake.emit, clock, log },
    budget,
    stopping: stopping.signal,
  })
  return { intake, clock, log, stopping, budget, delivery }
}

const events = (count: number) =>
  batchFrom(Array.from({ length: count }, (_, i) => ({ headers: {}, body: `event ${i}` })))

const from = (ranges: string, floor = '0') =>
  new Map([
    ['flume.stream', Buffer.from('s')],
    ['flume.ranges', Buffer.from(ranges)],
    ['flume.floor', Buffer.from(floor)],
  ])

describe('what is answered', () => {
  test('OK without an emission for a batch without events', async () => {
    const { delivery, intake, budget } = setUp()
    expect(await delivery.deliver(events(0), NO_METADATA)).toBe('OK')
    expect(intake.emitted).toEqual([])
    expect(budget.requests).toBe(0)
  })

  test('FAILED for events that can never be taken, which is logged', async () => {
    const { delivery, intake, log, budget } = setUp()
    intake.refusal = new FlumeError('FLM2203', 'too large', { retryable: false })
    expect(await delivery.deliver(events(1), NO_METADATA)).toBe('FAILED')
    expect(JSON.stringify(log)).toContain('the events of a request were not taken')
    expect(budget.requests).toBe(0)
  })

  test('an error for metadata that is wrong, nothing taken', async () => {
    const { delivery, intake, budget } = setUp()
    await expect(delivery.deliver(events(2), from('0-0'))).rejects.toMatchObject({
      code: 'FLM6103',
    })
    expect(intake.emitted).toEqual([])
    expect(budget.requests).toBe(0)
  })

  test('once events are in a channel, no time-out takes them back', async () => {
    const { delivery, intake, clock } = setUp()
    intake.isDurable = false
    const answer = delivery.deliver(events(1), NO_METADATA)
    await turns()
    clock.advance(60_000)
    await turns()
    intake.makeSafe(0)
    expect(await answer).toBe('OK')
  })
})

describe('what is sent again', () => {
  test('a repeat of what waits shares its answer, and its place', async () => {
    const { delivery, intake, budget } = setUp()
    intake.isDurable = false
    const first = delivery.deliver(events(2), from('0-1'))
    const again = delivery.deliver(events(2), from('0-1'))
    await turns()
    expect(intake.emitted).toHaveLength(1)
    expect(budget.requests).toBe(2)
    intake.makeSafe(0)
    expect(await Promise.all([first, again])).toEqual(['OK', 'OK'])
  })

  test('of a request cut otherwise only the ranges that overlap wait', async () => {
    const { delivery, intake } = setUp()
    intake.hasRoom = false
    intake.isDurable = false
    const first = delivery.deliver(events(4), from('0-3'))
    const recut = delivery.deliver(events(5), from('2-4,9-10'))
    await turns()
    const ranges = () => intake.emitted.map(({ batch }) => [batch.origin!.from, batch.origin!.to])
    expect(ranges()).toEqual([
      [0, 4],
      [9, 11],
    ])
    intake.accept(0)
    await turns()
    expect(ranges()[2]).toEqual([2, 5])
    for (const i of [1, 2]) intake.accept(i)
    for (const i of [0, 1, 2]) intake.makeSafe(i)
    expect(await Promise.all([first, recut])).toEqual(['OK', 'OK'])
  })

  test('FAILED if one of its ranges was not taken: all of it will come again', async () => {
    const { delivery, intake, clock } = setUp()
    intake.hasRoom = false
    const answer = delivery.deliver(events(2), from('0-0,5-5'))
    intake.accept(0)
    clock.advance(3050)
    expect(await answer).toBe('FAILED')
  })
})

test('a stop takes back what waits for room and for others, and emits nothing more', async () => {
  const { delivery, intake, stopping } = setUp()
  intake.hasRoom = false
  const waiting = delivery.deliver(events(4), from('0-3'))
  const behind = delivery.deliver(events(4), from('2-5'))
  await turns()
  stopping.abort()
  const late = delivery.deliver(events(1), NO_METADATA)
  expect(await Promise.all([waiting, behind, late])).toEqual(['FAILED', 'FAILED', 'FAILED'])
  expect(intake.emitted).toHaveLength(1)
})
