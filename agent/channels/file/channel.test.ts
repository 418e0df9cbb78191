import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { turns } from '../../../test/sim/clock.ts'
import type { SimDisk } from '../../../test/sim/disk.ts'
import type { Batch } from '../../core/batch.ts'
import { bodyAt } from '../../core/batch.ts'
import type { Channel, Lease } from '../../core/channel.ts'
import { openWith } from './channel.ts'
import { dumpChannel, verifyChannel } from './inspect.ts'

const never = new AbortController().signal

async function append(channel: Channel, batch: Batch): Promise<void> {
  const size = { events: batch.count, bytes: batch.bodies.length }
  await channel.append(batch, await channel.reserve(size, never)).safe
}

const take = (channel: Channel, eventsMax = 1000): Promise<Lease | undefined> =>
  channel.take({ sink: 'out', eventsMax, bytesMax: 1e6, signal: never })

async function drain(channel: Channel): Promise<string[]> {
  const texts: string[] = []
  while (channel.stats().backlogEvents > 0) {
    const lease = await take(channel)
    for (const batch of lease!.batches)
      for (let i = 0; i < batch.count; i++) texts.push(bodyAt(batch, i).toString())
    void lease!.ack()
  }
  return texts
}

async function fixture() {
  const parts = await logFixture()
  const open = (disk: SimDisk = parts.disk): Promise<Channel> =>
    openWith(parts.options, { ...parts.context, disk })
  return { ...parts, open, channel: await open() }
}

test('what was appended is there after a power loss, with positions and sink state', async () => {
  const { disk, channel, open } = await fixture()
  await append(channel, bodies(['a', 'b'], 's'))
  await channel.saveSinkState('out', Buffer.from('state'))
  const again = await open(disk.crash('power', { data: 'none', names: 'none' }))
  expect(again.positions().get('s')).toMatchObject({ offset: 20 })
  expect(again.sinkState('out')?.toString()).toBe('state')
  expect(await drain(again)).toStrictEqual(['a', 'b'])
})

test('ids stay the same over a restart and are never given twice', async () => {
  const { disk, channel, open } = await fixture()
  await append(channel, bodies(['a']))
  const before = (await take(channel))!.batches[0]!.ids!
  const again = await open(disk.crash('kill'))
  const after = (await take(again))!.batches[0]!.ids!
  expect(after).toStrictEqual(before)
  await append(again, bodies(['b']))
  const next = (await take(again))!.batches[0]!.ids!
  expect(next.stream).not.toBe(before.stream)
})

test('an idle channel makes acknowledgements durable within the delay', async () => {
  const { disk, clock, channel, open } = await fixture()
  await append(channel, bodies(['a']))
  const lease = await take(channel)
  const durable = lease!.ack()
  clock.advance(100)
  await durable
  const again = await open(disk.crash('power', { data: 'none', names: 'none' }))
  expect(again.stats().backlogEvents).toBe(0)
})

test('a second opener is refused, with the cure', async () => {
  const { open, channel } = await fixture()
  await expect(open()).rejects.toMatchObject({ code: 'FLM2101', retryable: true })
  await channel.close()
  await (await open()).close()
})

test('the limits refuse what can never fit, and room is waited for', async () => {
  const { channel, options } = await fixture()
  await expect(
    channel.reserve({ events: 1, bytes: options.batchBytesMax + 1 }, never),
  ).rejects.toMatchObject({ code: 'FLM2203', retryable: false })
  const giveUp = new AbortController()
  const held: Promise<unknown>[] = []
  for (let n = 0; n < 1000; n++)
    held.push(channel.reserve({ events: 1, bytes: options.batchBytesMax }, giveUp.signal))
  await turns(5)
  expect(channel.stats().state).toBe('full')
  const rest = Promise.allSettled(held)
  giveUp.abort(new Error('enough'))
  expect((await rest).some((each) => each.status === 'rejected')).toBe(true)
})

test('a byte flipped in the middle of an older segment: one record is quarantined and counted', async () => {
  const { disk, channel, open, clock } = await fixture()
  const texts = Array.from({ length: 40 }, (_, i) => `event ${i} ${'x'.repeat(500)}`)
  for (const text of texts) await append(channel, bodies([text]))
  await channel.close()
  const path = join(DIRECTORY, '0000000000000001.seg')
  disk.corrupt(path, disk.contentOf(path).indexOf('event 3 '), 0x01)
  const report = await verifyChannel(disk, DIRECTORY)
  expect(report).toMatchObject({ ok: false, lostEvents: 1, backlogEvents: 39 })
  expect(report!.corruptRecords).toMatchObject([{ eventsLost: 1, segment: '0000000000000001.seg' }])
  const again = await open()
  expect(await drain(again)).toStrictEqual(texts.filter((_, i) => i !== 3))
  expect(again.stats()).toMatchObject({ lostEvents: 1, quarantinedRecords: 1 })
  clock.advance(100)
  await again.close()
  const third = await open()
  expect(third.stats()).toMatchObject({ lostEvents: 1, quarantinedRecords: 1, backlogEvents: 0 })
  expect(await disk.list(join(DIRECTORY, 'quarantine'))).toHaveLength(1)
})

test('after a failed sync the append fails, is not there after a restart, and can be made again', async () => {
  const { disk, channel, open } = await fixture()
  await append(channel, bodies(['a']))
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
  await expect(append(channel, bodies(['b']))).rejects.toMatchObject({
    code: 'FLM2201',
    retryable: true,
  })
  await append(channel, bodies(['c']))
  const again = await open(disk.crash('kill'))
  expect(await drain(again)).toStrictEqual(['a', 'c'])
})

test('the oldest age is the first number: it grows while nothing is delivered', async () => {
  const { channel, clock } = await fixture()
  expect(channel.stats().oldestEventAgeMs).toBe(0)
  await append(channel, bodies(['a']))
  clock.advance(5000)
  expect(channel.stats().oldestEventAgeMs).toBe(5000)
  void (await take(channel))!.ack()
  expect(channel.stats().oldestEventAgeMs).toBe(0)
})

test('group commit: appends made while a sync runs share the next one', async () => {
  const { disk, channel } = await fixture()
  const before = disk.counts.datasync
  const many: Promise<void>[] = []
  for (let n = 0; n < 50; n++) many.push(append(channel, bodies([`${n}`])))
  await Promise.all(many)
  expect(disk.counts.datasync - before).toBeLessThan(6)
  expect(await drain(channel)).toHaveLength(50)
})

test('a channel that was closed refuses everything plainly', async () => {
  const { channel } = await fixture()
  const reservation = await channel.reserve({ events: 1, bytes: 1 }, never)
  await channel.close()
  await channel.close()
  const refused = channel.append(bodies(['a']), reservation)
  await expect(refused.safe).rejects.toMatchObject({ code: 'FLM2204' })
  await expect(channel.reserve({ events: 1, bytes: 1 }, never)).rejects.toMatchObject({
    code: 'FLM2204',
  })
  await expect(channel.saveSinkState('out', Buffer.alloc(1))).rejects.toMatchObject({
    code: 'FLM2204',
  })
  expect(await take(channel)).toBeUndefined()
  expect(channel.stats().state).toBe('closed')
})

test('a dump says what FORMAT.md says', async () => {
  const { disk, channel } = await fixture()
  await append(channel, bodies(['a', 'b'], 's'))
  await channel.close()
  const lines: string[] = []
  for await (const line of dumpChannel(disk, DIRECTORY))
    lines.push(`${line.offset} ${line.type} ${line.text}`)
  expect(lines[0]).toMatch(/^0 SEGMENT {2}?epoch|^0 SEGMENT epoch/)
  expect(lines[1]).toMatch(/^4224 CHECKPOINT next 0 {2}floor 0/)
  expect(lines[2]).toMatch(/BATCH 0\.\.1 {2}2 events {2}\d+ bytes {2}s at 20$/)
  expect(lines[3]).toMatch(/END closed in order$/)
})

test('a disk that was full takes events again once all is delivered, though the newest segments are kept', async () => {
  const { disk, clock, channel } = await fixture()
  disk.capacityBytes = disk.usedBytes + 6 * 4096
  let appended = 0
  const giveUp = new AbortController()
  while (!giveUp.signal.aborted) {
    const batch = bodies(['x'.repeat(1000)])
    const size = { events: 1, bytes: 1000 }
    const failed = await channel
      .append(batch, await channel.reserve(size, giveUp.signal))
      .safe.catch((error: unknown) => error)
    if (failed === undefined) appended++
    else giveUp.abort()
  }
  expect(channel.stats().problem).toBe('the disk is full')
  expect(await drain(channel)).toHaveLength(appended)
  for (let n = 0; n < 5; n++) {
    clock.advance(1000)
    await turns(50)
  }
  expect(channel.stats().problem).toBeUndefined()
  await append(channel, bodies(['again']))
  expect(await drain(channel)).toStrictEqual(['again'])
})

test('a batch that no record can hold is refused at once, and does not keep the others out', async () => {
  const { channel } = await fixture()
  const name = 'n'.repeat(70_000)
  const poison = {
    ...bodies(['a']),
    headers: { common: new Map([[name, 'v']]), columns: new Map() },
  }
  const room = await channel.reserve({ events: 1, bytes: 1 }, never)
  const refused = channel.append(poison, room)
  await append(channel, bodies(['b']))
  await expect(refused.safe).rejects.toMatchObject({ code: 'FLM9001', retryable: false })
  expect(await drain(channel)).toStrictEqual(['b'])
  expect(channel.stats()).toMatchObject({ problem: undefined, appendedEvents: 1 })
})

test('positions alone cannot pile up in memory while the disk lets nothing be written', async () => {
  const { disk, channel, clock } = await fixture()
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO', persistent: true })
  let accepted = 0
  for (let n = 1; n <= 6000; n++) {
    const batch = bodies([], 's')
    const room = await channel.reserve({ events: 0, bytes: 0 }, never)
    const receipt = channel.append({ ...batch, origin: { ...batch.origin!, to: n } }, room)
    receipt.accepted.then(
      () => accepted++,
      () => {},
    )
  }
  await turns(50)
  expect(accepted).toBeGreaterThan(1000)
  expect(accepted).toBeLessThan(4200)
  disk.faults.clear()
  for (let n = 0; n < 3; n++) {
    clock.advance(1000)
    await turns(50)
  }
})

test('a channel whose file cannot be closed gives its lock back', async () => {
  const { disk, channel, open } = await fixture()
  await append(channel, bodies(['a']))
  disk.faults.arm({ kinds: ['close'], code: 'EIO' })
  await expect(channel.close()).rejects.toThrow('EIO')
  expect(await drain(await open())).toStrictEqual(['a'])
})

test('on a disk that others fill at once, restart after restart opens and delivers: no block is given away', async () => {
  const { disk, channel, open } = await fixture()
  const texts = Array.from({ length: 12 }, (_, n) => `event ${n} ${'x'.repeat(500)}`)
  for (const text of texts) await append(channel, bodies([text]))
  let now = disk
  let current = channel
  const delivered: string[] = []
  for (let n = 0; n < 12; n++) {
    now = now.crash('kill')
    // Others take whatever is free, also what opening gives back.
    now.onCall = () => (now.capacityBytes = now.usedBytes)
    now.capacityBytes = now.usedBytes
    current = await open(now)
    const lease = await take(current, 1)
    delivered.push(bodyAt(lease!.batches[0]!, 0).toString())
    await current.saveSinkState('out', Buffer.from(`${n}`))
    const acknowledged = lease!.ack(Buffer.from(`${n + 1}`))
    await current.saveSinkState('other', Buffer.from('x'))
    await acknowledged
  }
  expect(delivered).toStrictEqual(texts)
})

test('ranges that are acknowledged and not yet durable count for the bound on new events', async () => {
  const { disk, channel } = await fixture()
  for (let n = 0; n < 100; n++)
    await append(channel, bodies(Array.from({ length: 100 }, () => 'x')))
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO', persistent: true })
  // Every other event is acknowledged, and nothing of it gets to disk.
  let taken = 0
  while (taken < 9000) {
    const waiting = new AbortController()
    const { signal } = waiting
    const lease = channel.take({ sink: 'out', eventsMax: 1, bytesMax: 1e6, signal })
    void turns(5).then(() => waiting.abort())
    const got = await lease
    if (got === undefined) break
    if (taken++ % 2 === 0) void got.ack()
  }
  expect(taken).toBeGreaterThan(8000)
  expect(taken).toBeLessThan(8300)
})

test('an acknowledgement that is durable is on the disk, at whatever moment it came', async () => {
  const { disk, channel, open } = await fixture()
  await append(channel, bodies(Array.from({ length: 300 }, (_, n) => `${n}`)))
  const leases: Lease[] = []
  while (leases.length < 300) leases.push((await take(channel, 1))!)
  const durable: Promise<void>[] = []
  // One in each microtask, so that some fall between any two steps of the writer.
  for (const [n, lease] of leases.entries()) {
    durable.push(lease.ack(Buffer.from(`${n}`)))
    if (n % 50 === 0) void append(channel, bodies(['more']))
    await Promise.resolve()
  }
  void append(channel, bodies(['last']))
  await Promise.all(durable)
  const again = await open(disk.crash('power', { data: 'none', names: 'none' }))
  expect(again.sinkState('out')?.toString()).toBe('299')
  expect((await drain(again)).filter((text) => /^\d/.test(text))).toStrictEqual([])
})
