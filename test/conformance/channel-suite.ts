import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { batchOf, bodyAt, headerAt } from '../../agent/core/batch.ts'
import type { Batch, Origin } from '../../agent/core/batch.ts'
import type { ChannelContext } from '../../agent/core/channel-context.ts'
import type { Channel, Lease } from '../../agent/core/channel.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Receipt } from '../../agent/core/receipt.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'

export interface ChannelFactory {
  /** Opens a channel that holds so many events and at least a megabyte. */
  readonly open: (context: ChannelContext, capacityEvents: number) => Promise<Channel>
  /** Whether events survive `close`; a channel that forgets them takes its positions back. */
  readonly durable: boolean
}

const CAPACITY_EVENTS = 100
const never = new AbortController().signal
const ROUTING = 'g1'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

/** The contract of core/channel.ts, for every channel. */
export function describeChannel(name: string, factory: ChannelFactory): void {
  describe(`${name} keeps the contract of a channel`, () => {
    let directory: string
    let channel: Channel
    let opened: Channel[]

    beforeEach(async () => {
      directory = await mkdtemp(join(tmpdir(), 'channel-suite-'))
      opened = []
      channel = await open()
    })

    afterEach(async () => {
      for (const each of opened) await each.close()
      await rm(directory, { recursive: true, force: true })
    })

    async function open(): Promise<Channel> {
      const context: ChannelContext = {
        name: 'c1',
        flow: 'f1',
        clock: systemClock,
        random: systemRandom,
        disk: nodeDisk,
        log: silent,
        directory: join(directory, 'c1'),
      }
      const result = await factory.open(context, CAPACITY_EVENTS)
      opened.push(result)
      return result
    }

    async function reopen(): Promise<void> {
      await channel.close()
      channel = await open()
    }

    async function append(batch: Batch): Promise<Receipt> {
      const bytes = batch.ends.at(-1) ?? 0
      const reservation = await channel.reserve({ events: batch.count, bytes }, never)
      const result = channel.append(batch, reservation)
      await result.accepted
      return result
    }

    async function take(options: { eventsMax?: number; bytesMax?: number } = {}): Promise<Lease> {
      const { eventsMax = 1000, bytesMax = 1 << 20 } = options
      const lease = await channel.take({ sink: 'out', eventsMax, bytesMax, signal: never })
      return lease!
    }

    /** Takes until there are so many events; leases may be smaller than asked. */
    async function takeAll(count: number): Promise<Lease[]> {
      const leases: Lease[] = []
      for (let have = 0; have < count;) {
        const lease = await take({ eventsMax: count - have })
        leases.push(lease)
        have += lease.events
      }
      return leases
    }

    /** As `takeAll`, and the first of them. */
    async function takeOne(count: number): Promise<readonly [Lease[], Lease]> {
      const leases = await takeAll(count)
      return [leases, leases[0]!]
    }

    describe('order and content', () => {
      it('gives events back in order, with their headers, whatever the batches', async () => {
        await append(
          batchOf([
            { body: Buffer.from('a'), headers: { x: '1', all: 'yes' } },
            { body: Buffer.from(''), headers: { all: 'yes' } },
          ]),
        )
        await append(lines(['c', 'd\r', 'é']))
        const leases = await takeAll(5)
        expect(textsOf(leases)).toEqual(['a', '', 'c', 'd\r', 'é'])
        const first = leases[0]!.batches[0]!
        expect(headerAt(first, 0, 'x')).toBe('1')
        expect(headerAt(first, 1, 'x')).toBeUndefined()
        expect(headerAt(first, 1, 'all')).toBe('yes')
        expect(first.appendedAtMs).toBeGreaterThan(0)
      })

      it('gives every event an id of its own that counts up within the stream', async () => {
        await append(events('a', 'b', 'c'))
        await append(events('d'))
        const ids = (await takeAll(4)).flatMap((lease) =>
          lease.batches.flatMap((batch) =>
            Array.from({ length: batch.count }, (_, i) => [
              batch.ids!.stream,
              batch.ids!.first + i,
            ]),
          ),
        )
        expect(new Set(ids.map(([stream]) => stream)).size).toBe(1)
        const first = ids[0]![1] as number
        expect(ids.map(([, id]) => id)).toEqual([first, first + 1, first + 2, first + 3])
      })
    })

    describe('take', () => {
      it('gives what is there and never waits to fill', async () => {
        await append(events('a'))
        expect((await take({ eventsMax: 1000 })).events).toBe(1)
      })

      it('waits for the first event', async () => {
        const lease = take()
        await append(events('a'))
        expect(textsOf([await lease])).toEqual(['a'])
      })

      it('stays within both bounds, but gives one event however large', async () => {
        await append(events('aaaa', 'bbbb', 'cccc', 'dddd'))
        expect((await take({ eventsMax: 1 })).events).toBe(1)
        expect((await take({ bytesMax: 9 })).events).toBe(2)
        expect((await take({ bytesMax: 1 })).events).toBe(1)
      })

      it('ends without a lease when its signal aborts', async () => {
        const ending = new AbortController()
        const options = { sink: 'out', eventsMax: 1, bytesMax: 1, signal: ending.signal }
        const waiting = channel.take(options)
        ending.abort()
        expect(await waiting).toBeUndefined()
        expect(await channel.take(options)).toBeUndefined()
        await append(events('a'))
        expect(textsOf([await take()])).toEqual(['a'])
      })

      it('gives each event to one of several takers', async () => {
        const takers = [take({ eventsMax: 2 }), take({ eventsMax: 2 }), take({ eventsMax: 2 })]
        await append(events('a', 'b', 'c'))
        await append(events('d', 'e', 'f'))
        const leases = await Promise.all(takers)
        const left = 6 - leases.reduce((sum, lease) => sum + lease.events, 0)
        const rest = left > 0 ? await takeAll(left) : []
        expect(textsOf([...leases, ...rest]).sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'f'])
      })
    })

    describe('leases', () => {
      it('gives released events to the next take, before newer ones and in order', async () => {
        await append(events('a', 'b', 'c'))
        await append(events('d'))
        const [first] = await takeAll(1)
        const [second] = await takeAll(1)
        second!.release()
        first!.release()
        expect(textsOf(await takeAll(4))).toEqual(['a', 'b', 'c', 'd'])
        expect(channel.stats().redeliveredEvents).toBe(2)
      })

      it('gives released events out in smaller leases too', async () => {
        await append(events('a', 'b', 'c'))
        ;(await take()).release()
        expect(textsOf([await take({ eventsMax: 2 })])).toEqual(['a', 'b'])
        expect(textsOf([await take({ eventsMax: 2 })])).toEqual(['c'])
      })

      it('wakes a waiting taker with what another releases', async () => {
        await append(events('a'))
        const lease = await take()
        const waiting = take()
        lease.release()
        expect(textsOf([await waiting])).toEqual(['a'])
      })

      it('takes acknowledgements in any order', async () => {
        await append(events('a', 'b', 'c'))
        const leases = [
          await take({ eventsMax: 1 }),
          await take({ eventsMax: 1 }),
          await take({ eventsMax: 1 }),
        ]
        for (const i of [2, 0, 1]) await leases[i]!.ack()
        expect(channel.stats()).toMatchObject({
          backlogEvents: 0,
          backlogBytes: 0,
          leasedEvents: 0,
          acknowledgedEvents: 3,
        })
      })
    })

    describe('a lease that is split', () => {
      it('is two, each ended by itself, in any order', async () => {
        await append(events('a', 'b', 'c'))
        await append(events('d', 'e'))
        const [{ length: leases }, whole] = await takeOne(5)
        expect(leases).toBe(1)
        const [head, rest] = whole.split(2)
        expect(textsOf([head])).toEqual(['a', 'b'])
        expect(textsOf([rest])).toEqual(['c', 'd', 'e'])
        expect([head.events, rest.events, head.bytes, rest.bytes]).toEqual([2, 3, 2, 3])
        expect(channel.stats().leasedEvents).toBe(5)
        rest.release()
        const [middle, last] = (await take({ eventsMax: 3 })).split(1)
        await last.ack()
        await head.ack()
        middle.release()
        const again = await take()
        expect(textsOf([again])).toEqual(['c'])
        await again.ack()
        expect(channel.stats()).toMatchObject({ backlogEvents: 0, acknowledgedEvents: 5 })
      })

      it('is ended by it', async () => {
        await append(events('a', 'b'))
        const [, whole] = await takeOne(2)
        whole.split(1)
        expect(() => whole.release()).toThrow('ended twice')
      })
    })

    describe('room', () => {
      it('lets a writer wait while it is full and go on when events were acknowledged', async () => {
        await append(many(CAPACITY_EVENTS))
        const waiting = channel.reserve({ events: 1, bytes: 1 }, never)
        expect(await settled(waiting)).toBe(false)
        expect(channel.stats().state).toBe('full')
        for (const lease of await takeAll(CAPACITY_EVENTS)) await lease.ack()
        ;(await waiting).release()
        expect(channel.stats().state).toBe('open')
      })

      it('counts room that is reserved, and takes it back when it is not used', async () => {
        const held = await channel.reserve({ events: CAPACITY_EVENTS, bytes: 1 }, never)
        const waiting = channel.reserve({ events: 1, bytes: 1 }, never)
        expect(await settled(waiting)).toBe(false)
        held.release()
        held.release()
        ;(await waiting).release()
        ;(await channel.reserve({ events: CAPACITY_EVENTS, bytes: 1 }, never)).release()
      })

      it('serves writers in the order they came, so that a large batch is not starved', async () => {
        const held = await channel.reserve({ events: CAPACITY_EVENTS, bytes: 1 }, never)
        const large = channel.reserve({ events: CAPACITY_EVENTS, bytes: 1 }, never)
        const small = channel.reserve({ events: 1, bytes: 1 }, never)
        held.release()
        const first = await large
        expect(await settled(small)).toBe(false)
        first.release()
        ;(await small).release()
      })

      it('lets a batch without events in although it is full', async () => {
        await append(many(CAPACITY_EVENTS))
        const { safe } = await append(positionOnly('s', 7))
        await safe
        expect(channel.positions().get('s')?.offset).toBe(7)
      })

      it('ends the wait with the reason of the signal', async () => {
        await append(many(CAPACITY_EVENTS))
        const ending = new AbortController()
        const waiting = channel.reserve({ events: 1, bytes: 1 }, ending.signal)
        const reason = new Error('the flow stops')
        ending.abort(reason)
        await expect(waiting).rejects.toBe(reason)
        await expect(channel.reserve({ events: 1, bytes: 1 }, ending.signal)).rejects.toBe(reason)
      })

      it('refuses a batch that could never fit, at once and for good', async () => {
        await expect(
          channel.reserve({ events: CAPACITY_EVENTS + 1, bytes: 1 }, never),
        ).rejects.toMatchObject({ code: 'FLM2203', retryable: false })
        const bytes = channel.limits.batchBytesMax + 1
        await expect(channel.reserve({ events: 1, bytes }, never)).rejects.toMatchObject({
          code: 'FLM2203',
        })
      })

      it('takes the largest batch within its limits when it is empty', async () => {
        const largest = Math.min(channel.limits.batchEventsMax, CAPACITY_EVENTS)
        await append(many(largest))
        expect(channel.stats().backlogEvents).toBe(largest)
      })
    })

    describe('receipts', () => {
      it(
        factory.durable
          ? 'calls a batch safe when it is on disk, delivered or not'
          : 'calls a batch safe when all its events were delivered, and not before',
        async () => {
          const { safe } = await append(events('a', 'b'))
          if (factory.durable) {
            await safe
            return
          }
          const first = await take({ eventsMax: 1 })
          const second = await take({ eventsMax: 1 })
          await second.ack()
          expect(await settled(safe)).toBe(false)
          await first.ack(Buffer.from('state'))
          await safe
        },
      )

      it('refuses what comes after close', async () => {
        const reservation = await channel.reserve({ events: 1, bytes: 1 }, never)
        await channel.close()
        const { accepted, safe } = channel.append(events('a'), reservation)
        await expect(accepted).rejects.toMatchObject({ code: 'FLM2204' })
        await expect(safe).rejects.toMatchObject({ code: 'FLM2204' })
      })
    })

    describe('positions', () => {
      it('moves the position of each stream with its batches', async () => {
        await append(fromStream('s', 0, ['a', 'b'], 'memo 1'))
        await append(fromStream('t', 10, ['c']))
        await append(fromStream('s', 4, ['d'], 'memo 2'))
        expect(channel.positions().get('s')).toEqual({
          offset: 6,
          routing: ROUTING,
          memo: 'memo 2',
        })
        expect(channel.positions().get('t')).toEqual({ offset: 12, routing: ROUTING, memo: '' })
      })

      it('leaves out events of a stream that it has, and takes the rest of the batch', async () => {
        await append(fromStream('s', 0, ['a', 'b']))
        await append(fromStream('s', 0, ['a', 'b']))
        await append(fromStream('s', 2, ['b', 'c']))
        expect(textsOf(await takeAll(3))).toEqual(['a', 'b', 'c'])
        expect(channel.stats().backlogEvents).toBe(3)
      })

      it('takes events again that went through another routing, and moves the position back', async () => {
        await append(fromStream('s', 0, ['a', 'b']))
        await append(fromStream('s', 0, ['a'], '', 'g2'))
        expect(textsOf(await takeAll(3))).toEqual(['a', 'b', 'a'])
        expect(channel.positions().get('s')).toMatchObject({ offset: 2, routing: 'g2' })
      })

      it('takes events again whose routing is never the same', async () => {
        await append(fromStream('s', 0, ['a'], '', ''))
        await append(fromStream('s', 0, ['a'], '', ''))
        expect(textsOf(await takeAll(2))).toEqual(['a', 'a'])
      })

      it('takes the children of one event together: they share an offset', async () => {
        const batch = fromStream('s', 0, ['a', 'a1', 'b'])
        const offsets = Float64Array.of(2, 2, 4)
        await append({ ...batch, origin: { ...batch.origin!, to: 4, offsets } })
        await append(fromStream('s', 2, ['b', 'c']))
        expect(textsOf(await takeAll(4))).toEqual(['a', 'a1', 'b', 'c'])
      })

      it('keeps positions and forgets nothing it acknowledged, over a restart', async () => {
        const { safe } = await append(fromStream('s', 0, ['a', 'b'], 'memo'))
        for (const lease of await takeAll(2)) await lease.ack()
        await safe
        await reopen()
        expect(channel.positions().get('s')).toEqual({ offset: 4, routing: ROUTING, memo: 'memo' })
        await append(fromStream('s', 0, ['a', 'b', 'c']))
        expect(textsOf([await take()])).toEqual(['c'])
      })

      it('keeps a position without events over a restart', async () => {
        const { safe } = await append(positionOnly('s', 8))
        await safe
        await reopen()
        expect(channel.positions().get('s')?.offset).toBe(8)
      })

      it('delivers what was not acknowledged before a restart, once the source reads on', async () => {
        const texts = ['a', 'b', 'c', 'd']
        await append(fromStream('s', 0, texts))
        const acknowledged = await take({ eventsMax: 1 })
        const unfinished = await take({ eventsMax: 2 })
        await acknowledged.ack()
        await reopen()
        expect(unfinished.events).toBe(2)
        const from = channel.positions().get('s')?.offset ?? 0
        const rest = texts.slice(from / 2)
        if (rest.length > 0) await append(fromStream('s', from, rest))
        expect(textsOf(await takeAll(3))).toEqual(['b', 'c', 'd'])
      })
    })

    describe('senders', () => {
      it('leaves out what a sender sends again, in whatever order and cut', async () => {
        await append(fromSender(0, ['0', '1', '2']))
        await append(fromSender(6, ['6', '7']))
        await append(fromSender(0, ['0', '1', '2']))
        await append(fromSender(2, ['2', '3', '4', '5', '6']))
        await append(fromSender(5, ['5', '6', '7', '8']))
        const texts = textsOf(await takeAll(9))
        expect(texts.toSorted()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8'])
        expect(channel.stats().backlogEvents).toBe(9)
      })

      it('takes nothing below the floor: the sender has its answer', async () => {
        await append(fromSender(10, ['10'], { floor: 10 }))
        await append(fromSender(8, ['8', '9', '10', '11'], { floor: 8 }))
        expect(textsOf(await takeAll(2))).toEqual(['10', '11'])
      })

      it('takes events again that go through another routing', async () => {
        await append(fromSender(0, ['0', '1']))
        await append(fromSender(0, ['0', '1'], { routing: 'g2' }))
        expect(textsOf(await takeAll(4))).toEqual(['0', '1', '0', '1'])
      })

      it('knows senders apart, and their streams are no positions to resume from', async () => {
        await append(fromSender(0, ['a'], { stream: 'one' }))
        await append(fromSender(0, ['b'], { stream: 'two' }))
        expect(textsOf(await takeAll(2))).toEqual(['a', 'b'])
        expect([...channel.positions().keys()]).toEqual([])
      })

      it('calls a repeat safe when what it repeats is, not before', async () => {
        const first = await append(fromSender(0, ['0', '1']))
        const repeat = await append(fromSender(0, ['0', '1']))
        const firstIsSafe = await settled(first.safe)
        expect(await settled(repeat.safe)).toBe(firstIsSafe)
        for (const lease of await takeAll(2)) await lease.ack()
        await repeat.safe
      })

      it('says with each lease below what all is acknowledged', async () => {
        await append(events('a', 'b', 'c', 'd'))
        const [first, second] = [await take({ eventsMax: 1 }), await take({ eventsMax: 1 })]
        const start = first.batches[0]!.ids!.first
        expect(first.batches[0]!.ids!.floor).toBe(start)
        await second.ack()
        expect((await take({ eventsMax: 1 })).batches[0]!.ids!.floor).toBeLessThanOrEqual(start)
        await first.ack()
        const last = (await take({ eventsMax: 1 })).batches[0]!
        expect(last.ids!.floor).toBeGreaterThanOrEqual(start)
        expect(last.ids!.floor).toBeLessThanOrEqual(start + 2)
      })

      if (factory.durable) {
        it('knows what it has over a restart', async () => {
          await append(fromSender(0, ['0', '1', '2'], { floor: 0 }))
          await append(fromSender(5, ['5'], { floor: 1 }))
          for (const lease of await takeAll(4)) await lease.ack()
          await reopen()
          await append(fromSender(0, ['0', '1', '2', '3'], { floor: 0 }))
          await reopen()
          await append(fromSender(3, ['3', '4', '5'], { floor: 1 }))
          expect(textsOf(await takeAll(2)).toSorted()).toEqual(['3', '4'])
        })
      }
    })

    describe('state of sinks', () => {
      it('gives each sink what it saved last', async () => {
        expect(channel.sinkState('out')).toBeUndefined()
        await channel.saveSinkState('out', Buffer.from('1'))
        await channel.saveSinkState('other', Buffer.from('2'))
        await append(events('a'))
        await (await take()).ack(Buffer.from('3'))
        expect(channel.sinkState('out')).toEqual(Buffer.from('3'))
        expect(channel.sinkState('other')).toEqual(Buffer.from('2'))
      })

      it('keeps state over a restart, up to 64 KiB', async () => {
        await channel.saveSinkState('out', Buffer.from('old'))
        await append(events('a'))
        await (await take()).ack(Buffer.alloc(64 * 1024, 7))
        await reopen()
        expect(channel.sinkState('out')).toEqual(Buffer.alloc(64 * 1024, 7))
      })

      it('refuses larger state at once, and the lease stays open', async () => {
        await append(events('a'))
        const lease = await take()
        expect(() => lease.ack(Buffer.alloc(64 * 1024 + 1))).toThrow('at most 65536 are kept')
        lease.release()
        expect(textsOf([await take()])).toEqual(['a'])
      })
    })

    describe('close', () => {
      it('ends waiting takers and writers', async () => {
        await append(many(CAPACITY_EVENTS))
        await takeAll(CAPACITY_EVENTS)
        const taker = channel.take({ sink: 'out', eventsMax: 1, bytesMax: 1, signal: never })
        const writer = channel.reserve({ events: 1, bytes: 1 }, never)
        const refused = expect(writer).rejects.toMatchObject({ code: 'FLM2204' })
        await channel.close()
        expect(await taker).toBeUndefined()
        await refused
        expect(channel.stats().state).toBe('closed')
      })

      it('may be called twice, and with leases in the hands of sinks', async () => {
        await append(events('a', 'b'))
        const lease = await take({ eventsMax: 1 })
        await channel.close()
        await channel.close()
        lease.release()
        expect(await channel.take({ sink: 'o', eventsMax: 1, bytesMax: 1, signal: never })).toBe(
          undefined,
        )
      })

      it('locks its directory until then', async () => {
        await expect(open()).rejects.toMatchObject({ code: 'FLM2101' })
        await reopen()
      })
    })

    it('tells how much waits, where, and for how long', async () => {
      expect(channel.stats()).toMatchObject({
        state: 'open',
        backlogEvents: 0,
        oldestEventAgeMs: 0,
        capacityEvents: CAPACITY_EVENTS,
        lostEvents: 0,
        quarantinedRecords: 0,
        problem: undefined,
      })
      await append(events('aaaa', 'bb', 'c'))
      await take({ eventsMax: 2 })
      const stats = channel.stats()
      expect(stats).toMatchObject({
        backlogEvents: 3,
        leasedEvents: 2,
        appendedEvents: 3,
        acknowledgedEvents: 0,
      })
      expect(stats.backlogBytes).toBeGreaterThanOrEqual(7)
      expect(stats.oldestEventAgeMs).toBeGreaterThanOrEqual(0)
    })
  })
}

function events(...texts: readonly string[]): Batch {
  return batchOf(texts.map((text) => ({ body: Buffer.from(text) })))
}

function many(count: number): Batch {
  return events(...Array.from({ length: count }, (_, i) => `event ${i}`))
}

/** Lines as they come out of a file: a line feed after each body. */
function lines(texts: readonly string[]): Batch {
  const bodies = Buffer.from(texts.map((text) => `${text}\n`).join(''))
  const ends = new Uint32Array(texts.length)
  let at = 0
  for (const [i, text] of texts.entries()) ends[i] = at += Buffer.byteLength(text) + 1
  return { ...batchOf([]), count: texts.length, bodies, ends, gap: 1 }
}

/** Events of a stream in which each takes two bytes. */
function fromStream(
  stream: string,
  from: number,
  texts: readonly string[],
  ...[memo = '', routing = ROUTING]: readonly string[]
): Batch {
  const offsets = Float64Array.from(texts, (_, i) => from + 2 * (i + 1))
  const to = from + 2 * texts.length
  const origin: Origin = { stream, from, to, offsets, memo, routing }
  return { ...events(...texts), origin }
}

/** Events of a sender: `from` is the sequence of the first. */
function fromSender(
  from: number,
  texts: readonly string[],
  { stream = 'sender', floor = 0, routing = ROUTING } = {},
): Batch {
  const offsets = Float64Array.from(texts, (_, i) => from + i + 1)
  const to = from + texts.length
  return {
    ...events(...texts),
    origin: { stream, from, to, offsets, memo: '', routing, floor },
  }
}

function positionOnly(stream: string, to: number): Batch {
  return { ...fromStream(stream, 0, []), origin: { ...fromStream(stream, 0, []).origin!, to } }
}

function textsOf(leases: readonly Lease[]): string[] {
  return leases.flatMap((lease) =>
    lease.batches.flatMap((batch) =>
      Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString()),
    ),
  )
}

/** Whether a promise is settled after everything that is under way had several turns. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  let done = false
  const mark = (): void => {
    done = true
  }
  promise.then(mark, mark)
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  return done
}
