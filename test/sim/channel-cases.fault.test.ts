import { describe, expect, test } from 'vitest'
import { batchOf } from '../../agent/core/batch.ts'
import { HEADER_BYTES } from '../../agent/channels/file/format.ts'
import { ChannelBench, SMALL, segmentsOf } from './channel-bench.ts'
import type { SimDisk } from './disk.ts'
import { SeededRandom } from './random.ts'

/** The hazards of the file channel, one by one; channel.fault.test.ts meets them at random. */

const texts = (count: number, prefix = 'event'): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix} ${i} ${'x'.repeat(i % 50)}`)

/** An append that may fail, as any may on a disk that does. */
async function tried(work: Promise<void>): Promise<boolean> {
  try {
    await work
    return true
  } catch {
    return false
  }
}

/** Resolves when the process on the disk has ended, or has made no call for long. */
async function ended(disk: SimDisk): Promise<void> {
  for (let idle = 0, calls = disk.calls; !disk.halted && idle < 1000; idle++) {
    await new Promise((resolve) => setImmediate(resolve))
    if (disk.calls !== calls) idle = 0
    calls = disk.calls
  }
}

describe('a file channel after a crash', () => {
  test('that delivered what SIGKILL left unsynced still has it when the power fails', async () => {
    const bench = await ChannelBench.create()
    await bench.appendAt(0, 'a', 'b')
    bench.disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'dropped', persistent: true })
    void tried(bench.appendAt(2, 'c', 'd'))
    await new Promise((resolve) => setImmediate(resolve))
    const killed = await bench.crash('kill')
    const position = killed.offset
    const first = await killed.take()
    expect(first!.texts.length).toBe(position)
    for (let i = 0; i < 20; i++) {
      const off = await ChannelBench.open(killed.disk.image('power'))
      expect(off.offset).toBe(position)
      expect(await off.drain()).toEqual(first!.texts)
      expect(off.channel.stats().lostEvents).toBe(0)
    }
  })

  test('at any system call of its life has exactly what it accepted, below its position', async () => {
    const images: { disk: SimDisk; accepted: number }[] = []
    const bench = await ChannelBench.create({ ...SMALL, segmentBytes: 8192 })
    let accepted = 0
    bench.disk.onCall = () => {
      for (const kind of ['kill', 'power'] as const)
        images.push({ disk: bench.disk.image(kind), accepted })
    }
    for (let i = 0; i < 40; i++) {
      await bench.appendAt(i * 5, ...texts(5, `line ${i} ${'y'.repeat(60)}`))
      accepted = (i + 1) * 5
    }
    expect(bench.segments().length).toBeGreaterThan(1)
    expect(images.length).toBeGreaterThan(150)
    for (const { disk, accepted: before } of images) {
      const after = await ChannelBench.open(disk, SMALL)
      expect(after.offset).toBeGreaterThanOrEqual(before)
      const all = Array.from({ length: after.offset / 5 }, (_, i) =>
        texts(5, `line ${i} ${'y'.repeat(60)}`),
      ).flat()
      expect(await after.drain()).toEqual(all)
      expect(after.channel.stats()).toMatchObject({ lostEvents: 0, quarantinedRecords: 0 })
    }
  })

  test('between the steps of a roll opens and goes on', async () => {
    const bench = await ChannelBench.create()
    await bench.append(...texts(10))
    await bench.settled(bench.channel.close())
    // Opening rolls; it ends at each of its calls in turn.
    for (let calls = 1; ; calls++) {
      const disk = bench.disk.image('kill')
      disk.onCall = (call) => {
        if (call.index === calls) disk.halt()
      }
      const opened = await Promise.race([
        ChannelBench.open(disk).then(() => true),
        ended(disk).then(() => false),
      ])
      for (const kind of ['kill', 'power', 'power', 'power'] as const) {
        const after = await ChannelBench.open(disk.image(kind))
        await after.append('more')
        expect(await after.drain()).toEqual([...texts(10), 'more'])
      }
      if (opened) break
    }
  })

  test('and restored from an older snapshot reads the rest again and reuses no id', async () => {
    const bench = await ChannelBench.create()
    await bench.appendAt(0, 'a', 'b')
    const snapshot = bench.disk.image('power')
    await bench.appendAt(2, 'c')
    const before = await bench.take()
    const restored = await ChannelBench.open(snapshot)
    expect(restored.offset).toBe(2)
    await restored.appendAt(2, 'other c')
    const after = await restored.take()
    expect(after!.texts).toEqual(['a', 'b', 'other c'])
    const ids = (taken: typeof before): string[] =>
      taken!.lease.batches.flatMap(({ ids: id, count }) =>
        Array.from({ length: count }, (_, i) => `${id!.stream}+${id!.first + i}`),
      )
    expect(ids(after).slice(0, 2)).toEqual(ids(before).slice(0, 2))
    expect(ids(before)).not.toContain(ids(after)[2])
  })
})

describe('a file channel whose write or sync fails', () => {
  for (let nth = 1; nth <= 6; nth++) {
    test(`keeps what it accepted and nothing else when write ${nth} is short`, async () => {
      for (const shortTo of [0, 0.2, 0.5, 0.99]) {
        const bench = await ChannelBench.create()
        bench.disk.faults.arm({ kinds: ['write'], nth, code: 'ENOSPC', shortTo, shortOnly: true })
        const accepted: string[] = []
        for (let i = 0; i < 8; i++) {
          if (await tried(bench.append(`event ${i}`))) accepted.push(`event ${i}`)
        }
        expect(bench.disk.faults.fired.size).toBeGreaterThan(0)
        for (const kind of ['kill', 'power', 'power'] as const) {
          const after = await ChannelBench.open(bench.disk.image(kind))
          expect(await after.drain()).toEqual(accepted)
        }
      }
    })

    for (const data of ['kept', 'dropped'] as const) {
      test(`keeps what it accepted when sync ${nth} fails with its data ${data}`, async () => {
        const bench = await ChannelBench.create()
        const images: { disk: SimDisk; accepted: number; refused: boolean }[] = []
        const accepted: string[] = []
        let refused = false
        bench.disk.faults.arm({ kinds: ['datasync'], nth, code: 'EIO', data })
        // Before, during and after the seal.
        bench.disk.onCall = () => {
          for (const kind of ['kill', 'power'] as const)
            images.push({ disk: bench.disk.image(kind), accepted: accepted.length, refused })
        }
        for (let i = 0; i < 8; i++) {
          if (await tried(bench.append(`event ${i}`))) accepted.push(`event ${i}`)
          else refused = true
        }
        expect(refused).toBe(true)
        expect(accepted.length).toBe(7)
        for (const image of images) {
          const after = await ChannelBench.open(image.disk)
          const found = await after.drain()
          expect(found.length).toBeGreaterThanOrEqual(image.accepted)
          expect(found.slice(0, image.accepted)).toEqual(accepted.slice(0, image.accepted))
          // Once it was refused it is nowhere, ever.
          if (image.refused) expect(found).toEqual(accepted.slice(0, found.length))
        }
      })
    }
  }
})

describe('corrupt bytes in a file channel', () => {
  test('in the last group, wherever they are, cost that group at most and are told from a torn one', async () => {
    const bench = await ChannelBench.create()
    await bench.append('first', 'second')
    const path = bench.segments().at(-1)!
    const from = bench.disk.contentOf(path).length
    await bench.append('third', 'fourth')
    const to = bench.disk.contentOf(path).length
    // Only a later record says that the group was synced.
    await bench.append('fifth')
    let quarantined = 0
    for (let at = from; at < to; at++) {
      const disk = bench.disk.image('kill')
      disk.corrupt(path, at, 1 << (at % 8))
      const after = await ChannelBench.open(disk)
      const found = await after.drain()
      const { lostEvents, quarantinedRecords } = after.channel.stats()
      if (found.length === 5) continue
      expect(found).toEqual(['first', 'second', 'fifth'])
      expect({ lostEvents, quarantinedRecords }).toEqual({ lostEvents: 2, quarantinedRecords: 1 })
      quarantined++
    }
    // Padding is covered by no checksum and read by nobody.
    expect(quarantined).toBeGreaterThanOrEqual(to - from - 8)
  })

  test('at the very end look like a torn group: what is before is delivered, nothing is counted', async () => {
    const bench = await ChannelBench.create()
    await bench.append('first', 'second')
    const path = bench.segments().at(-1)!
    const from = bench.disk.contentOf(path).length
    await bench.append('third')
    const to = bench.disk.contentOf(path).length
    for (let at = from; at < to; at++) {
      const disk = bench.disk.image('kill')
      disk.corrupt(path, at, 0x10)
      const after = await ChannelBench.open(disk)
      const found = await after.drain()
      expect(found.slice(0, 2)).toEqual(['first', 'second'])
      expect(after.channel.stats().lostEvents).toBe(0)
    }
  })

  test('in the middle of an old segment cost one record; the rest is delivered', async () => {
    const bench = await ChannelBench.create({ ...SMALL, segmentBytes: 8192, cacheBytesMax: 0 })
    for (let i = 0; i < 60; i++) await bench.append(`event ${i} ${'y'.repeat(200)}`)
    const [oldest] = bench.segments()
    const at = bench.disk.contentOf(oldest!).indexOf('event 3 ')
    const next = await bench.reopen()
    next.disk.corrupt(oldest!, at, 4)
    const found = await next.drain()
    expect(found.length).toBe(59)
    expect(found.some((text) => text.startsWith('event 3 '))).toBe(false)
    expect(next.channel.stats()).toMatchObject({ lostEvents: 1, quarantinedRecords: 1 })
    const again = await next.reopen()
    expect(again.channel.stats()).toMatchObject({
      lostEvents: 1,
      quarantinedRecords: 1,
      backlogEvents: 0,
    })
  })

  test('in the newest checkpoint are made good by the one before it', async () => {
    const bench = await ChannelBench.create()
    await bench.appendAt(0, ...texts(5))
    const next = await bench.reopen()
    await next.appendAt(5, ...texts(5, 'later'))
    await next.settled(next.channel.saveSinkState('out', Buffer.from('state')))
    const newest = next.segments().at(-1)!
    for (let at = HEADER_BYTES; at < HEADER_BYTES + 164; at += 3) {
      const disk = next.disk.image('kill')
      disk.corrupt(newest, at, 0x20)
      const after = await ChannelBench.open(disk)
      expect(after.offset).toBe(10)
      expect(after.channel.sinkState('out')).toEqual(Buffer.from('state'))
      expect(await after.drain()).toEqual([...texts(5), ...texts(5, 'later')])
      expect(after.channel.stats().lostEvents).toBe(0)
    }
  })

  test('in both newest segments are the one reason to refuse, with the cure', async () => {
    const bench = await ChannelBench.create()
    await bench.append('a')
    const next = await bench.reopen()
    await next.append('b')
    const { disk } = next
    for (const path of segmentsOf(disk).slice(-2)) {
      for (const at of [20, 4096 + 22, HEADER_BYTES + 44]) disk.corrupt(path, at, 0xff)
    }
    const image = disk.image('kill')
    const files = (one: SimDisk): Buffer[] => segmentsOf(one).map((path) => one.contentOf(path))
    const before = files(image)
    await expect(ChannelBench.open(image)).rejects.toMatchObject({
      code: 'FLM2102',
      retryable: false,
    })
    // Refusing changes nothing: someone may still repair it.
    expect(files(image)).toEqual(before)
  })
})

describe('a file channel', () => {
  test('finds a group whole or not at all, whichever of its blocks reached the disk', async () => {
    const big = ['g', 'h', 'i'].map((letter) => letter.repeat(4000))
    const bench = await ChannelBench.create({
      ...SMALL,
      segmentBytes: 256 * 1024,
      recordBytesMax: 64 * 1024,
      batchBytesMax: 16_000,
    })
    await bench.append('before')
    const path = bench.disk.paths().find((each) => each.endsWith('.seg'))!
    let image: SimDisk | undefined
    bench.disk.onCall = (call) => {
      if (call.kind === 'write') image ??= bench.disk.image('kill')
    }
    await bench.append(...big)
    const blocks = image!.dirtyBlocks(path)
    expect(blocks.length).toBeGreaterThanOrEqual(3)
    for (let subset = 0; subset < 2 ** (blocks.length + 1); subset++) {
      const disk = image!.image('power', {
        names: 'all',
        chooseBlock: (_path, block, versions) => {
          const bit = block < 0 ? blocks.length : blocks.indexOf(block)
          return (subset >> bit) & 1 ? versions - 1 : 0
        },
      })
      const after = await ChannelBench.open(disk)
      const whole = subset === 2 ** (blocks.length + 1) - 1
      const found = await after.drain()
      if (whole) expect(found).toEqual(['before', ...big])
      else expect([['before'], ['before', ...big]]).toContainEqual(found)
      await after.append('after')
      expect(await after.drain()).toEqual(['after'])
      expect(after.channel.stats()).toMatchObject({ lostEvents: 0, quarantinedRecords: 0 })
    }
  })

  test('delivers events whose bodies are its own segments, torn and corrupt ones too', async () => {
    const inner = await ChannelBench.create({ ...SMALL, segmentBytes: 2048 })
    for (let i = 0; i < 20; i++) await inner.append(`inner ${i} ${'z'.repeat(60)}`)
    const options = {
      ...SMALL,
      segmentBytes: 256 * 1024,
      recordBytesMax: 64 * 1024,
      batchBytesMax: 16_000,
      cacheBytesMax: 0,
    }
    const bench = await ChannelBench.create(options, 2)
    const bodies = inner.segments().map((path) => inner.disk.contentOf(path).toString('latin1'))
    const own = (): string => bench.disk.contentOf(bench.segments().at(-1)!).toString('latin1')
    const accepted: string[] = []
    const send = async (body: string): Promise<void> => {
      const batch = batchOf([{ body: Buffer.from(body, 'latin1') }])
      await bench.settled(bench.send(batch))
      accepted.push(body)
    }
    for (const body of bodies) await send(body)
    // The segment it is written into, up to here: right magic, right salt, another offset.
    await send(own().slice(0, 7000))
    await send('last')
    const off = await ChannelBench.open(bench.disk.image('power'), options)
    expect(await off.drain()).toEqual(accepted)
    // The header of the record that holds a segment is hit: nothing inside is taken for a record.
    const path = bench.segments().at(-1)!
    const at = bench.disk.contentOf(path).indexOf(Buffer.from(bodies[1]!, 'latin1'))
    const disk = bench.disk.image('kill')
    disk.corrupt(path, Math.floor((at - 64) / 8) * 8 + 3, 0xff)
    const hit = await ChannelBench.open(disk, options)
    const found = await hit.drain()
    expect(accepted).toEqual(expect.arrayContaining(found))
    expect(found.length).toBe(accepted.length - hit.channel.stats().lostEvents)
  })

  test('takes acknowledgements in any order and redelivers exactly the others', async () => {
    const random = new SeededRandom(11)
    const count = 3000
    let bench = await ChannelBench.create({ ...SMALL, capacityBytes: 2 ** 20 })
    for (let i = 0; i < count; i += 10) {
      await bench.append(...Array.from({ length: 10 }, (_, k) => String(i + k)))
    }
    const delivered = new Set<string>()
    for (let round = 0; round < 6; round++) {
      const leases = []
      for (let taken = await bench.take(random.between(1, 7)); taken && leases.length < 400;) {
        leases.push(taken)
        taken = await bench.take(random.between(1, 7))
      }
      const acks: Promise<void>[] = []
      while (leases.length > 0) {
        const [taken] = leases.splice(random.between(0, leases.length - 1), 1)
        if (random.chance(0.4)) continue
        acks.push(taken!.lease.ack())
        for (const text of taken!.texts) {
          expect(delivered.has(text)).toBe(false)
          delivered.add(text)
        }
      }
      await bench.settled(Promise.all(acks))
      bench = await bench.crash('power')
      expect(bench.channel.stats().backlogEvents).toBe(count - delivered.size)
    }
    for (const text of await bench.drain()) {
      expect(delivered.has(text)).toBe(false)
      delivered.add(text)
    }
    expect(delivered.size).toBe(count)
  })

  test('keeps events of equal bytes apart', async () => {
    const bench = await ChannelBench.create()
    for (let i = 0; i < 5; i++) await bench.appendAt(i * 3, 'same', 'same', 'same')
    const after = await bench.crash('power')
    expect(after.offset).toBe(15)
    expect(await after.drain()).toEqual(Array.from({ length: 15 }, () => 'same'))
  })

  test('that fills up from outside at any system call drains, restarts while full, and takes events again', async () => {
    const life = async (fillAt: number): Promise<boolean> => {
      const bench = await ChannelBench.create()
      const { disk } = bench
      const start = disk.calls
      disk.onCall = (call) => {
        if (call.index === start + fillAt) disk.capacityBytes = disk.usedBytes
      }
      const accepted: string[] = []
      for (let i = 0; i < 12; i++) {
        const text = `event ${i} ${'w'.repeat(1500)}`
        const abort = new AbortController()
        const need = { events: 1, bytes: text.length }
        const reserving = bench.channel.reserve(need, abort.signal)
        reserving.catch(() => {})
        await new Promise((resolve) => setImmediate(resolve))
        // Back-pressure: a full channel grants no room.
        if (bench.channel.stats().state === 'full') abort.abort(new Error('full'))
        const room = await bench.settled(reserving).catch(() => undefined)
        room?.release()
        if (room === undefined) break
        if (await tried(bench.append(text))) accepted.push(text)
        else break
      }
      disk.onCall = undefined
      const reached = disk.calls >= start + fillAt
      const found: string[] = []
      const first = await bench.take(2)
      found.push(...(first?.texts ?? []))
      await bench.settled(first?.lease.ack() ?? Promise.resolve())
      const again = await bench.crash('power')
      found.push(...(await again.drain()))
      expect(found).toEqual(accepted)
      again.disk.capacityBytes = Infinity
      await again.append('room again')
      expect(await again.drain()).toEqual(['room again'])
      return reached
    }
    let fillAt = 1
    while (await life(fillAt)) fillAt++
    expect(fillAt).toBeGreaterThan(20)
  })
})
