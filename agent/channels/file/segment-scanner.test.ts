import { expect, test } from 'vitest'
import { bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { encodeBatch } from './batch-codec.ts'
import { BATCH, HEADER_BYTES, saltOf } from './format.ts'
import { OpenSegment } from './segment.ts'
import type { PendingRecord } from './segment.ts'
import { SegmentScanner } from './segment-scanner.ts'
import type { ScanItem } from './segment-scanner.ts'

const header = {
  id: Buffer.alloc(16, 3),
  channelId: Buffer.alloc(16),
  epoch: Buffer.alloc(8),
  firstSequence: 0,
  number: 1,
  createdAtMs: 0,
}

/** A segment of batches with the given bodies, one event each. */
async function segment(texts: readonly string[], readBytes = 256) {
  const { disk } = await logFixture()
  const path = '/data/agent/flow/channel/one.seg'
  const file = await disk.open(path, 'create')
  await file.write([Buffer.alloc(HEADER_BYTES)], 0)
  const open = new OpenSegment(file, header, { endOffset: HEADER_BYTES, bytesMax: undefined })
  const offsets: number[] = []
  for (const [i, text] of texts.entries()) {
    const encoded = encodeBatch(bodies([text]))
    const record: PendingRecord = {
      type: BATCH,
      encoded,
      firstSequence: i,
      count: 1,
      appendedAtMs: 0,
    }
    offsets.push((await open.write([record], () => {}))[0]!.offset)
  }
  const scan = async (expected = 0, skipBelow = 0): Promise<ScanItem[]> => {
    const scanner = new SegmentScanner({
      file,
      salt: saltOf(header),
      end: await file.size(),
      readBytes,
      expected,
    })
    const items: ScanItem[] = []
    for (let item = await scanner.next(skipBelow); item; item = await scanner.next(skipBelow))
      items.push(item)
    return items
  }
  return { disk, path, file, offsets, scan }
}

const sequences = (items: readonly ScanItem[]): (number | string)[] =>
  items.map((item) => (item.kind === 'record' ? item.header.firstSequence : 'damage'))

test('records come in order, whatever they and the reads are in size', async () => {
  for (const readBytes of [64, 100, 1000, 100_000]) {
    const texts = ['', 'a', 'b'.repeat(700), 'c'.repeat(3), 'd'.repeat(20_000), 'e']
    const { scan } = await segment(texts, readBytes)
    const items = await scan()
    expect(sequences(items)).toStrictEqual([0, 1, 2, 3, 4, 5])
  }
})

test('a flipped bit costs the record it is in, and no other', async () => {
  const texts = Array.from({ length: 5 }, (_, i) => `body number ${i}`)
  const { disk, path, offsets, scan } = await segment(texts)
  for (let at = offsets[2]!; at < offsets[3]!; at++) {
    disk.corrupt(path, at, 0x10)
    const items = await scan()
    const inPadding = sequences(items).every((each) => each !== 'damage')
    if (!inPadding) {
      expect(sequences(items)).toStrictEqual([0, 1, 'damage', 3, 4])
      expect(items[2]).toMatchObject({ from: offsets[2], to: offsets[3] })
    }
    disk.corrupt(path, at, 0x10)
  }
})

test('a body that is itself this whole segment is never taken for records', async () => {
  const { disk, path, file } = await segment(['one', 'two', 'three'])
  const copy = disk.contentOf(path)
  const again = await segment(['zero', copy.toString('latin1'), 'last'])
  again.disk.corrupt(again.path, again.offsets[1]! + 20, 0xff)
  expect(sequences(await again.scan())).toStrictEqual([0, 'damage', 2])
  await file.close()
})

test('damage up to the end, and an end in the middle of a record', async () => {
  const { file, offsets, scan } = await segment(['one', 'two', 'three'])
  await file.truncate(offsets[2]! + 70)
  const items = await scan()
  expect(sequences(items)).toStrictEqual([0, 1, 'damage'])
  expect(items[2]).toMatchObject({ from: offsets[2], to: offsets[2]! + 70 })
})

test('a record with a sequence below the expected one does not count', async () => {
  const { scan } = await segment(['one', 'two', 'three'])
  expect(sequences(await scan(2))).toStrictEqual(['damage', 2])
})

test('records that are skipped are not checked', async () => {
  const { disk, path, offsets, scan } = await segment(['one', 'two', 'three'])
  disk.corrupt(path, offsets[0]! + 70, 0xff)
  expect(sequences(await scan(0, 1))).toStrictEqual([0, 1, 2])
  expect(sequences(await scan())).toStrictEqual(['damage', 1, 2])
})

test('a file that ends long before the log says is not looked through in steps of eight bytes', async () => {
  const { disk, file, offsets } = await segment(['one', 'two', 'three'])
  await file.truncate(offsets[2]! + 10)
  const before = disk.counts.read
  const end = 64 * 2 ** 20
  const options = { file, salt: saltOf(header), end, readBytes: 256, expected: 0 }
  const scanner = new SegmentScanner(options)
  const items: ScanItem[] = []
  for (let item = await scanner.next(); item; item = await scanner.next()) items.push(item)
  expect(sequences(items)).toStrictEqual([0, 1, 'damage'])
  expect(items[2]).toMatchObject({ from: offsets[2], to: end })
  expect(disk.counts.read - before).toBeLessThan(20)
})
