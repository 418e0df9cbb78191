import { expect, test } from 'vitest'
import { bodies } from '../../../test/sim/log-fixture.ts'
import { bodyAt } from '../../core/batch.ts'
import type { Lease } from '../../core/channel.ts'
import type { Interval } from '../../lib/intervals.ts'
import { Intervals } from '../../lib/intervals.ts'
import { Delivery } from './delivery.ts'
import type { DeliveryContext } from './delivery.ts'

const never = new AbortController().signal

function delivery(overrides: Partial<DeliveryContext> = {}) {
  const lost: Interval[] = []
  const one = new Delivery(
    {
      floor: () => 0,
      cacheBytesMax: 1e6,
      read: (sequence) => Promise.resolve({ batch: numbered(sequence, ['disk']) }),
      acknowledged: () => Promise.resolve(),
      lost: (range) => lost.push(range),
      acknowledgedRanges: () => 0,
      ...overrides,
    },
    new Intervals(),
    0,
  )
  return { one, lost }
}

const numbered = (first: number, texts: string[]) => ({
  ...bodies(texts),
  ids: { stream: 's', first },
})

const take = (one: Delivery, eventsMax = 100, bytesMax = 1e6, signal = never) =>
  one.take({ sink: 'out', eventsMax, bytesMax, signal })

const texts = (lease: Lease | undefined): string[] =>
  (lease?.batches ?? []).flatMap((batch) =>
    Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString()),
  )

test('a taker that waits gets what comes, without waiting for more', async () => {
  const { one } = delivery()
  const lease = take(one)
  one.committed(numbered(0, ['a', 'b']))
  one.wake()
  expect(texts(await lease)).toStrictEqual(['a', 'b'])
  expect(one.leasedEvents).toBe(2)
})

test('leases are bounded in events and in bytes, but hold at least one event', async () => {
  const { one } = delivery()
  one.committed(numbered(0, ['aaaa', 'bbbb', 'cccc']))
  one.committed(numbered(3, ['dddd']))
  expect(texts(await take(one, 2))).toStrictEqual(['aaaa', 'bbbb'])
  expect(texts(await take(one, 100, 2))).toStrictEqual(['cccc'])
  one.committed(numbered(4, ['eeee']))
  expect(texts(await take(one, 100, 7))).toStrictEqual(['dddd'])
})

test('released events come first, in order, and are read back from the disk', async () => {
  const { one } = delivery()
  one.committed(numbered(0, ['a']))
  one.committed(numbered(1, ['b']))
  const [first, second] = [await take(one, 1), await take(one, 1)]
  one.committed(numbered(2, ['c']))
  second!.release()
  first!.release()
  expect(texts(await take(one, 1))).toStrictEqual(['disk'])
  expect(one.redeliveredEvents).toBe(2)
  const next = await take(one, 100)
  expect(next!.batches.map((batch) => batch.ids!.first)).toStrictEqual([1, 2])
})

test('a taker that gives up leaves the events to the others', async () => {
  const { one } = delivery()
  const giveUp = new AbortController()
  const first = take(one, 100, 1e6, giveUp.signal)
  const second = take(one)
  giveUp.abort()
  one.committed(numbered(0, ['a']))
  one.wake()
  expect(await first).toBeUndefined()
  expect(texts(await second)).toStrictEqual(['a'])
})

test('a taker that gives up while its events are read puts them back', async () => {
  const read = Promise.withResolvers<void>()
  const { one } = delivery({
    cacheBytesMax: 0,
    read: async (sequence) => {
      await read.promise
      return { batch: numbered(sequence, ['a']) }
    },
  })
  one.committed(numbered(0, ['a']))
  const giveUp = new AbortController()
  const first = take(one, 100, 1e6, giveUp.signal)
  await Promise.resolve()
  giveUp.abort()
  read.resolve()
  expect(await first).toBeUndefined()
  expect(texts(await take(one))).toStrictEqual(['a'])
})

test('events that cannot be read because of the disk stay and the taker hears of it', async () => {
  let fail = true
  const { one } = delivery({
    cacheBytesMax: 0,
    read: (sequence) =>
      fail
        ? Promise.reject(new Error('EIO'))
        : Promise.resolve({ batch: numbered(sequence, ['a']) }),
  })
  one.committed(numbered(0, ['a']))
  await expect(take(one)).rejects.toThrow('EIO')
  fail = false
  expect(texts(await take(one))).toStrictEqual(['a'])
})

test('lost events are reported once and skipped', async () => {
  const { one, lost } = delivery({
    cacheBytesMax: 0,
    read: (sequence) =>
      Promise.resolve(sequence < 3 ? { lostTo: 3 } : { batch: numbered(3, ['kept']) }),
  })
  one.committed(numbered(0, ['a', 'b', 'c']))
  one.committed(numbered(3, ['kept']))
  expect(texts(await take(one))).toStrictEqual(['kept'])
  expect(lost).toStrictEqual([{ from: 0, to: 3 }])
  expect(one.backlog.size).toBe(1)
})

test('with too many acknowledged ranges only what was handed out before is handed out', async () => {
  let ranges = 0
  const { one } = delivery({ acknowledgedRanges: () => ranges })
  one.committed(numbered(0, ['a', 'b']))
  const first = await take(one, 1)
  ranges = 4096
  let waited = true
  const next = take(one).then((lease) => {
    waited = false
    return lease
  })
  await new Promise(setImmediate)
  expect(waited).toBe(true)
  first!.release()
  expect((await next)!.batches[0]!.ids!.first).toBe(0)
})

test('a lease is ended once', async () => {
  const { one } = delivery()
  one.committed(numbered(0, ['a']))
  const lease = await take(one)
  await lease!.ack()
  expect(() => lease!.release()).toThrow('ended twice')
  expect([one.backlog.size, one.acknowledgedEvents]).toStrictEqual([0, 1])
})

test('closing ends those who wait', async () => {
  const { one } = delivery()
  const waiting = take(one)
  await one.close()
  expect(await waiting).toBeUndefined()
  expect(await take(one)).toBeUndefined()
})
