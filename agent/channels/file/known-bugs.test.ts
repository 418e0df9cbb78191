import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { turns } from '../../../test/sim/clock.ts'
import type { SimDisk } from '../../../test/sim/disk.ts'
import type { Batch } from '../../core/batch.ts'
import { bodyAt } from '../../core/batch.ts'
import type { Channel } from '../../core/channel.ts'
import { openWith } from './channel.ts'
import { HEADER_BYTES } from './format.ts'

// Ways in which the durable buffers of other shippers are known to have lost, repeated or blocked
// events. Each names what was reported; none may happen here.

const never = new AbortController().signal
const lost = { data: 'none', names: 'none' } as const

async function append(channel: Channel, batch: Batch): Promise<void> {
  const size = { events: batch.count, bytes: batch.bodies.length }
  await channel.append(batch, await channel.reserve(size, never)).safe
}

async function drain(channel: Channel, acknowledge = true): Promise<string[]> {
  const texts: string[] = []
  while (channel.stats().backlogEvents > (acknowledge ? 0 : texts.length)) {
    const lease = await channel.take({ sink: 'out', eventsMax: 50, bytesMax: 1e6, signal: never })
    for (const batch of lease!.batches)
      for (let i = 0; i < batch.count; i++) texts.push(bodyAt(batch, i).toString())
    if (acknowledge) void lease!.ack()
  }
  return texts
}

async function fixture() {
  const parts = await logFixture()
  const open = (disk: SimDisk = parts.disk): Promise<Channel> =>
    openWith(parts.options, { ...parts.context, disk })
  return { ...parts, open, channel: await open() }
}

const numbers = (count: number): string[] =>
  Array.from({ length: count }, (_, i) => `event ${i} ${'x'.repeat(300)}`)

describe('Vector', () => {
  test('acknowledged before fsync (by design): an event whose receipt resolved survives power loss', async () => {
    const { disk, channel, open } = await fixture()
    await append(channel, bodies(['kept']))
    expect(await drain(await open(disk.crash('power', lost)))).toStrictEqual(['kept'])
  })

  test('crash loop when a file was unlinked before the ledger was synced (25570): it opens, whatever got to disk', async () => {
    for (const names of ['none', 'all', 'subset', 'prefix'] as const) {
      const { disk, channel, open, clock } = await fixture()
      for (const text of numbers(80)) await append(channel, bodies([text]))
      await drain(channel)
      clock.advance(100)
      await turns(100)
      await append(channel, bodies(['after']))
      const again = await open(disk.crash('power', { data: 'none', names }))
      expect(await drain(again)).toStrictEqual(['after'])
      expect(again.stats().lostEvents).toBe(0)
    }
  })

  test('buffer full for ever after a crash (25845): what is free is free again', async () => {
    const { disk, channel, open, options } = await fixture()
    for (const text of numbers(60)) await append(channel, bodies([text]))
    const again = await open(disk.crash('kill'))
    await drain(again)
    for (let n = 0; n < 2000; n++) {
      await append(again, bodies(['y'.repeat(options.batchBytesMax / 2)]))
      await drain(again)
    }
    expect(again.stats().state).toBe('open')
  })

  test('an oversized record killed the process, later it was dropped and acknowledged (25795): it is refused, and said so', async () => {
    const { channel, options } = await fixture()
    const size = { events: 1, bytes: options.batchBytesMax + 1 }
    await expect(channel.reserve(size, never)).rejects.toMatchObject({
      code: 'FLM2203',
      retryable: false,
    })
    await append(channel, bodies(['next']))
    expect(await drain(channel)).toStrictEqual(['next'])
  })

  test('"events have likely been lost" and no start (16231, 16463): a gap is counted and the rest is served', async () => {
    const { disk, channel, open } = await fixture()
    const texts = numbers(60)
    for (const text of texts) await append(channel, bodies([text]))
    const after = disk.crash('kill')
    await after.remove(join(DIRECTORY, '0000000000000002.seg'))
    const again = await open(after)
    const rest = await drain(again)
    expect(rest.length + again.stats().lostEvents).toBe(60)
    expect(again.stats().lostEvents).toBeGreaterThan(0)
    expect(texts.filter((text) => rest.includes(text))).toStrictEqual(rest)
  })

  test('endless loop after a hardware reset (17644): zeros, garbage and old blocks at the end are cut off', async () => {
    for (const tail of [
      Buffer.alloc(5000),
      Buffer.alloc(5000, 0xa5),
      Buffer.from('FREC'.repeat(1000)),
    ]) {
      const { disk, channel, open } = await fixture()
      await append(channel, bodies(['kept']))
      const after = disk.crash('kill')
      const newest = join(DIRECTORY, '0000000000000001.seg')
      after.place(newest, Buffer.concat([after.contentOf(newest), tail]))
      const again = await open(after)
      expect(await drain(again)).toStrictEqual(['kept'])
      expect(again.stats()).toMatchObject({ lostEvents: 0, quarantinedRecords: 0 })
    }
  })

  test('an event is stuck until the next one arrives (22946): one event alone is delivered', async () => {
    const { channel } = await fixture()
    const lease = channel.take({ sink: 'out', eventsMax: 100, bytesMax: 1e6, signal: never })
    await append(channel, bodies(['alone']))
    expect((await lease)!.events).toBe(1)
  })

  test('the checkpoint file is empty after an OOM kill (20753): an empty newest segment is no reason to lose the rest', async () => {
    const { disk, channel, open } = await fixture()
    const texts = numbers(10)
    for (const text of texts) await append(channel, bodies([text]))
    const after = disk.crash('kill')
    after.place(join(DIRECTORY, '0000000000000002.seg'), Buffer.alloc(0))
    expect(await drain(await open(after))).toStrictEqual(texts)
  })
})

describe('Fluent Bit', () => {
  test('the offset is past events that a power loss took (6995, 11265): position and events are one record', async () => {
    const { disk, channel, open } = await fixture()
    await append(channel, bodies(['a', 'b'], 's'))
    const batch = bodies(['c'])
    const origin = { ...bodies(['x'], 's').origin!, from: 20, to: 30, offsets: Float64Array.of(30) }
    const room = await channel.reserve({ events: 1, bytes: 1 }, never)
    void channel.append({ ...batch, origin }, room).safe
    for (let turn = 0; turn < 40; turn++) {
      const again = await open(disk.image('power'))
      const events = await drain(again)
      expect(again.positions().get('s')!.offset).toBe(events.length * 10)
      await turns(1)
    }
  })

  test('the backlog is thrown away after an upgrade (7279): a directory of version 1 opens for ever', async () => {
    const { disk, open, context } = await logFixture().then(async (parts) => ({
      ...parts,
      open: () => openWith(parts.options, parts.context),
    }))
    const golden = join(import.meta.dirname, 'testdata', 'v1')
    for (const name of await readdir(golden))
      disk.place(join(DIRECTORY, name), await readFile(join(golden, name)))
    const channel = await open()
    expect(context.directory).toBe(DIRECTORY)
    expect(channel.positions().get('tail:in')).toStrictEqual({ offset: 50, routing: 'r', memo: '' })
    expect(channel.sinkState('out')?.toString()).toBe('state of version 1')
    const offsets = Float64Array.of(8, 9, 10)
    const origin = { stream: 'in/edge.1', from: 7, to: 10, offsets, memo: '', routing: 'r' }
    await append(channel, {
      ...bodies(['six', 'seven', 'eight']),
      origin: { ...origin, floor: 5 },
    })
    expect(await drain(channel)).toStrictEqual(['three', 'four', 'five', 'six', 'seven', 'eight'])
  })
})

describe('OpenTelemetry Collector', () => {
  test('the backlog is lost with fsync off (50102), the database is corrupt after power loss (20266, 35899): every block subset of the last writes opens', async () => {
    const { disk, channel, open } = await fixture()
    const texts = numbers(30)
    for (const text of texts) await append(channel, bodies([text]))
    const room = await channel.reserve({ events: 1, bytes: 20_000 }, never).catch(() => undefined)
    room?.release()
    for (let image = 0; image < 60; image++) {
      const again = await open(disk.image('power'))
      expect((await drain(again)).slice(0, 30)).toStrictEqual(texts)
    }
  })

  test('checkpoints advance while the exporter is down (45120): what was taken and not acknowledged comes again', async () => {
    const { disk, channel, open } = await fixture()
    await append(channel, bodies(['a', 'b'], 's'))
    await drain(channel, false)
    const again = await open(disk.crash('kill'))
    expect(await drain(again)).toStrictEqual(['a', 'b'])
  })
})

describe('rsyslog', () => {
  test('a message is lost at each restart of a synced disk queue (5364): twenty restarts lose none', async () => {
    const { open, channel } = await fixture()
    let current = channel
    for (let n = 0; n < 20; n++) {
      await append(current, bodies([`${n}`]))
      await current.close()
      current = await open()
    }
    expect(await drain(current)).toStrictEqual(Array.from({ length: 20 }, (_, n) => `${n}`))
  })
})

describe('Flume', () => {
  test('a torn tail keeps the channel closed until a tool is run: it opens', async () => {
    const { disk, channel, open } = await fixture()
    await append(channel, bodies(['kept']))
    const path = join(DIRECTORY, '0000000000000001.seg')
    const whole = disk.contentOf(path)
    for (let cut = whole.length - 1; cut > HEADER_BYTES + 200; cut -= 7) {
      const image = disk.image('kill')
      image.place(path, whole.subarray(0, cut))
      const again = await open(image)
      await append(again, bodies(['new']))
      expect((await drain(again)).at(-1)).toBe('new')
    }
  })

  test('a full disk cannot be drained, and after a restart not even opened: both work', async () => {
    const { disk, channel, open } = await fixture()
    const texts = numbers(20)
    for (const text of texts) await append(channel, bodies([text]))
    disk.capacityBytes = disk.usedBytes
    const again = await open(disk.crash('kill'))
    expect(await drain(again)).toStrictEqual(texts)
  })
})
