import { describe, expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { TestLog, bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import type { ModelOptions } from '../../test/sim/model-channel.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { batchOf } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { Part, Selector } from '../core/selector.ts'
import { SourceEvents } from '../telemetry/events.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { tightest } from './cut.ts'
import { EMISSION_BYTES_MAX, Intake } from './intake.ts'

const all =
  (...channels: string[]): Selector =>
  (batch) =>
    channels.map((channel) => ({ channel, required: true, batch }))

function harness(
  options: Readonly<Record<string, ModelOptions>>,
  more: { readonly selector?: Selector; readonly required?: readonly string[] } = {},
) {
  const names = Object.keys(options)
  const channels = new Map(
    names.map((name) => [name, new ModelChannel(modelStore(), options[name])]),
  )
  const clock = new ManualClock()
  const metrics = createMetrics()
  const log = new TestLog()
  const required = more.required ?? names
  const intake = new Intake({
    flow: 'f',
    source: 'in',
    routingHash: 'r',
    channels: new Map(
      [...channels].map(([name, channel]) => [
        name,
        { channel, append: (batch, reservation) => channel.append(batch, reservation) },
      ]),
    ),
    interceptors: [],
    selector: more.selector ?? all(...required),
    requiredChannels: required,
    limits: tightest([...channels.values()].map((channel) => channel.limits)),
    clock,
    random: new SeededRandom(3),
    events: new SourceEvents('f', 'in', { log, metrics }),
  })
  intake.begin('1.r', [])
  const channel = (name: string): ModelChannel => channels.get(name)!
  return { intake, channel, clock, metrics, log }
}

const never = new AbortController().signal

const plain = (...bodies: string[]): Batch =>
  batchOf(bodies.map((body) => ({ body: Buffer.from(body) })))

const appends = (channel: ModelChannel): string[] =>
  channel.appended.map((batch) => bodiesOf(batch).join())

describe('emit with a signal', () => {
  test('takes back what waits for room, and what is behind it goes on', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 2 } })
    await intake.emit(plain('x')).accepted
    const giveUp = new AbortController()
    const large = intake.emit(plain('1', '2'), giveUp.signal)
    const small = intake.emit(plain('y'))
    await turns(10)
    expect(appends(channel('a'))).toEqual(['x'])
    giveUp.abort()
    await expect(large.safe).rejects.toMatchObject({ code: 'FLM5105', retryable: true })
    await small.accepted
    expect(channel('a').store.log).toEqual(['x', 'y'])
    await intake.settled()
  })

  test('lets in whole what a channel has a part of', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 2 } })
    const giveUp = new AbortController()
    const receipt = intake.emit(plain('1', '2', '3'), giveUp.signal)
    await turns(10)
    expect(appends(channel('a'))).toEqual(['1,2'])
    giveUp.abort()
    const signal = new AbortController().signal
    const lease = await channel('a').take({ sink: 's', eventsMax: 2, bytesMax: 9, signal })
    await lease!.ack()
    await receipt.accepted
    expect(channel('a').store.log).toEqual(['1', '2', '3'])
  })

  test('takes nothing when it aborted before, and leaves a batch alone that is in', async () => {
    const { intake, channel } = harness({ a: {} })
    const early = intake.emit(plain('x'), AbortSignal.abort())
    await expect(early.accepted).rejects.toMatchObject({ code: 'FLM5105' })
    const giveUp = new AbortController()
    const receipt = intake.emit(plain('y'), giveUp.signal)
    await receipt.safe
    giveUp.abort()
    expect(channel('a').store.log).toEqual(['y'])
  })
})

describe('emit', () => {
  test('is accepted when all required channels have the batch, not before', async () => {
    const { intake, channel } = harness({ a: { manual: true }, b: { manual: true } })
    let accepted = false
    const receipt = intake.emit(plain('x'))
    void receipt.accepted.then(() => (accepted = true))
    await turns(5)
    channel('a').commit()
    await turns(5)
    expect(accepted).toBe(false)
    channel('b').commit()
    await receipt.safe
    expect(accepted).toBe(true)
    await intake.settled()
    await intake.safe()
  })

  test('has many batches in flight in a channel, in order', async () => {
    const { intake, channel } = harness({ a: { manual: true } })
    for (let i = 0; i < 20; i++) intake.emit(plain(`x${i}`))
    await turns(2)
    expect(channel('a').pending).toBe(20)
    channel('a').commit()
    await intake.settled()
    expect(channel('a').store.log).toEqual(Array.from({ length: 20 }, (_, i) => `x${i}`))
  })

  test('appends to no channel while one of them is full', async () => {
    const { intake, channel } = harness({ a: {}, b: { capacityEvents: 1 } })
    await intake.emit(plain('x')).accepted
    const second = intake.emit(plain('y'))
    await turns(10)
    expect(appends(channel('a'))).toEqual(['x'])
    const signal = new AbortController().signal
    const lease = await channel('b').take({ sink: 's', eventsMax: 1, bytesMax: 9, signal })
    await lease!.ack()
    await second.accepted
    expect(channel('a').store.log).toEqual(['x', 'y'])
    expect(channel('b').store.log).toEqual(['x', 'y'])
  })

  test('cuts a batch that is larger than a channel and needs its room piece by piece', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 2 } })
    const receipt = intake.emit(plain('1', '2', '3', '4', '5'))
    const signal = new AbortController().signal
    for (let taken = 0; taken < 5;) {
      const lease = await channel('a').take({ sink: 's', eventsMax: 2, bytesMax: 9, signal })
      taken += lease!.events
      await lease!.ack()
    }
    await receipt.safe
    expect(channel('a').store.log).toEqual(['1', '2', '3', '4', '5'])
  })

  test('refuses a batch of a sender whole when an event is too large, and counts it', async () => {
    const { intake, channel, metrics } = harness({ a: { limits: { batchBytesMax: 3 } } })
    const receipt = intake.emit(plain('x', 'much too large'))
    await expect(receipt.accepted).rejects.toMatchObject({ code: 'FLM2203', retryable: false })
    expect(appends(channel('a'))).toEqual([])
    expect(await metrics.text()).toContain(
      'flume_events_dropped_total{flow="f",source="in",reason="FLM2203"} 1',
    )
  })

  test('leaves out the event of a file that is too large, and goes on', async () => {
    const { intake, channel } = harness({ a: { limits: { batchBytesMax: 3 } } })
    await intake.emit(streamBatch('s', 0, ['x', 'much too large', 'y'])).accepted
    expect(channel('a').store.log).toEqual(['x', 'y'])
    expect(channel('a').positions().get('in/s')).toMatchObject({ offset: 3 })
  })

  test('refuses more than its bound in flight', async () => {
    const { intake } = harness({ a: { manual: true, limits: { batchBytesMax: 2 ** 31 } } })
    const large = {
      ...plain('x'),
      ends: Uint32Array.of(EMISSION_BYTES_MAX),
      bodies: Buffer.alloc(0),
    }
    intake.emit(large)
    const receipt = intake.emit(plain('y'))
    await expect(receipt.accepted).rejects.toMatchObject({ code: 'FLM5102', retryable: true })
  })

  test('gives back what is not in a channel when it ends', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 1, manual: true } })
    const first = intake.emit(plain('x'))
    const second = intake.emit(plain('y'))
    await turns(3)
    intake.end()
    await expect(second.accepted).rejects.toMatchObject({ code: 'FLM5101' })
    await expect(intake.emit(plain('z')).accepted).rejects.toMatchObject({ code: 'FLM5101' })
    channel('a').commit()
    await first.accepted
    await intake.settled()
  })
})

describe('a source that stops', () => {
  test('is not kept waiting for room: what it will read again is given back', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 1, manual: true } })
    const receipts = ['x', 'y', 'z'].map((body, i) => intake.emit(streamBatch('s', i, [body])))
    await turns(3)
    intake.giveBackReplayable()
    for (const { accepted } of receipts.slice(1))
      await expect(accepted).rejects.toMatchObject({ code: 'FLM5101', retryable: true })
    channel('a').commit()
    await receipts[0]!.accepted
    await intake.settled()
    expect(channel('a').store.log).toEqual(['x'])
  })

  test('does not retry what it will read again', async () => {
    const { intake, channel } = harness({ a: { manual: true } })
    const { accepted } = intake.emit(streamBatch('s', 0, ['x']))
    await turns(3)
    channel('a').fail()
    channel('a').commit()
    await turns(3)
    intake.giveBackReplayable()
    await expect(accepted).rejects.toMatchObject({ code: 'FLM5101' })
    await intake.settled()
  })

  test('still waits for the batches of senders', async () => {
    const { intake, channel } = harness({ a: { capacityEvents: 1, manual: true } })
    const receipts = [intake.emit(plain('x')), intake.emit(plain('y'))]
    await turns(3)
    intake.giveBackReplayable()
    channel('a').commit()
    await turns(3)
    const lease = await channel('a').take({ sink: 'out', eventsMax: 1, bytesMax: 9, signal: never })
    void lease!.ack()
    await turns(3)
    channel('a').commit()
    for (const { accepted } of receipts) await accepted
  })
})

describe('a source that stops while its streams begin', () => {
  test('is quiet when their beginnings are in all channels, though its batches were given back', async () => {
    const { intake, channel } = harness({ a: { manual: true }, b: { manual: true } })
    const { accepted } = intake.emit(streamBatch('s', 0, ['x']))
    await turns(3)
    intake.giveBackReplayable()
    await expect(accepted).rejects.toMatchObject({ code: 'FLM5101' })
    await intake.settled()
    let quiet = false
    const waiting = intake.quiet().then(() => (quiet = true))
    await turns(5)
    expect(quiet).toBe(false)
    channel('a').commit()
    channel('b').commit()
    await waiting
    expect([...channel('b').positions().values()]).toMatchObject([{ offset: 0 }])
  })
})

describe('an append that fails', () => {
  test('is retried in its channel alone, the others are not touched again', async () => {
    const { intake, channel, clock } = harness({ a: {}, b: {} })
    channel('b').fail(3)
    const receipt = intake.emit(plain('x'))
    for (let i = 0; i < 20; i++) {
      await turns(5)
      clock.advance(2000)
    }
    await receipt.safe
    expect(appends(channel('a'))).toEqual(['x'])
    expect(appends(channel('b'))).toEqual(['x', 'x', 'x', 'x'])
    expect(channel('b').store.log).toEqual(['x'])
  })

  test('keeps the order: what was in flight behind it follows it, what comes later waits', async () => {
    const { intake, channel, clock } = harness({ a: { manual: true } })
    for (const from of [0, 1, 2]) intake.emit(streamBatch('s', from, [`x${from}`]))
    await turns(3)
    channel('a').commit(1)
    channel('a').fail()
    channel('a').commit()
    intake.emit(streamBatch('s', 3, ['x3']))
    await turns(5)
    // Nothing is appended behind the failed ones before they are in.
    expect(appends(channel('a'))).toEqual(['x0', 'x1', 'x2'])
    for (let i = 0; i < 10; i++) {
      clock.advance(1000)
      await turns(3)
      channel('a').commit()
    }
    await intake.settled()
    expect(channel('a').store.log).toEqual(['x0', 'x1', 'x2', 'x3'])
    expect(channel('a').positions().get('in/s')).toMatchObject({ offset: 4 })
  })

  test('finds the room that units in line had reserved', async () => {
    const { intake, channel, clock } = harness({ a: { capacityEvents: 2, manual: true }, b: {} })
    const first = intake.emit(plain('x'))
    await turns(3)
    channel('a').fail()
    channel('a').commit()
    // Both take all the room there is, were it not given back.
    const others = [intake.emit(plain('y', 'y')), intake.emit(plain('z', 'z'))]
    for (let i = 0; i < 5; i++) {
      clock.advance(1000)
      await turns(5)
      channel('a').commit()
    }
    await first.safe
    expect(channel('a').store.log).toEqual(['x'])
    expect(others).toHaveLength(2)
    intake.end()
    await intake.settled()
  })

  test('is given back when the intake ends, with those behind it', async () => {
    const { intake, channel } = harness({ a: { manual: true } })
    const receipts = [intake.emit(plain('x')), intake.emit(plain('y'))]
    await turns(3)
    channel('a').fail()
    channel('a').commit()
    await turns(3)
    intake.end()
    for (const { accepted } of receipts)
      await expect(accepted).rejects.toMatchObject({ code: 'FLM5101', retryable: true })
    await intake.settled()
  })

  test('and can never succeed is given back, the next goes on', async () => {
    const { intake, channel } = harness({ a: { manual: true } })
    const first = intake.emit(plain('x'))
    await turns(3)
    channel('a').fail(1, false)
    channel('a').commit()
    await expect(first.accepted).rejects.toMatchObject({ retryable: false })
    const second = intake.emit(plain('y'))
    await turns(3)
    channel('a').commit()
    await second.safe
  })
})

describe('positions', () => {
  test('of a stream that was forgotten among very many do not pass its events on their way', async () => {
    const { intake, channel } = harness({ a: {}, b: {} })
    const known = { offset: 0, routing: '1.r', memo: '' }
    for (const name of ['a', 'b']) channel(name).store.positions.set('in/n', known)
    // Both channels had to forget the position of s, and so does the intake with the next new stream.
    intake.begin('1.r', ['in/s', ...Array.from({ length: 65_536 }, (_, i) => `in/${i}`)])
    const batches = [
      streamBatch('s', 0, ['s0']),
      streamBatch('n', 0, ['n0']),
      streamBatch('s', 1, ['s1']),
    ]
    for (const { safe } of batches.map((batch) => intake.emit(batch))) await safe
    expect([...channel('a').store.log].sort()).toEqual(['n0', 's0', 's1'])
    expect([...channel('b').store.log].sort()).toEqual(['n0', 's0', 's1'])
  })

  const byBody: Selector = (batch): Part[] => [
    { channel: bodiesOf(batch)[0]!.startsWith('a') ? 'a' : 'b', required: true, batch },
  ]

  test('move in all required channels, whichever gets the events', async () => {
    const { intake, channel } = harness({ a: {}, b: {} }, { selector: byBody })
    await intake.emit(streamBatch('s', 0, ['a1'])).safe
    await intake.emit(streamBatch('s', 1, ['b1'])).safe
    await turns(3)
    for (const name of ['a', 'b'])
      expect(channel(name).positions().get('in/s')).toMatchObject({ offset: 2, routing: '1.r' })
  })

  test('a new stream begins in all channels before its first event is in one', async () => {
    const { intake, channel } = harness({ a: {}, b: { manual: true } }, { selector: byBody })
    const { safe } = intake.emit(streamBatch('s', 7, ['a1']))
    await turns(10)
    expect(appends(channel('a'))).toEqual([''])
    expect(channel('a').positions().get('in/s')).toMatchObject({ offset: 7 })
    expect(channel('a').store.log).toEqual([])
    channel('b').commit()
    await safe
    expect(channel('b').positions().get('in/s')).toMatchObject({ offset: 7 })
  })

  test('with one required channel need no beginning: events and position are one record', async () => {
    const { intake, channel } = harness({ a: {} })
    await intake.emit(streamBatch('s', 0, ['a1'])).safe
    expect(appends(channel('a'))).toEqual(['a1'])
  })
})

describe('an optional channel', () => {
  const selector: Selector = (batch) => [
    { channel: 'a', required: true, batch },
    { channel: 'o', required: false, batch },
  ]

  test('gets the events without a position', async () => {
    const { intake, channel } = harness({ a: {}, o: {} }, { selector, required: ['a'] })
    await intake.emit(streamBatch('s', 0, ['x'])).safe
    await turns(3)
    expect(channel('o').store.log).toEqual(['x'])
    expect(channel('o').positions().size).toBe(0)
  })

  test('that is full loses them, counted, and holds nobody up', async () => {
    const { intake, channel, metrics } = harness(
      { a: {}, o: { capacityEvents: 1 } },
      { selector, required: ['a'] },
    )
    for (const body of ['x', 'y', 'z']) await intake.emit(plain(body)).safe
    await turns(5)
    expect(channel('a').store.log).toEqual(['x', 'y', 'z'])
    expect(channel('o').store.log).toEqual(['x'])
    expect(await metrics.text()).toContain('source="in",reason="optional"} 2')
  })
})
