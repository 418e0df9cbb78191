import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { Descriptor } from './descriptor.ts'
import { fingerprintAt } from './fingerprint.ts'
import { LineReader } from './reader.ts'
import type { Chunk, ReaderOptions } from './reader.ts'
import { TailedFile } from './tailed-file.ts'

const directory = fs.mkdtempSync(join(tmpdir(), 'reader-'))
afterAll(() => fs.rmSync(directory, { recursive: true }))
let names = 0

function followed(text: string): { path: string; descriptor: Descriptor; file: TailedFile } {
  const path = join(directory, String(names++))
  fs.writeFileSync(path, text)
  const descriptor = new Descriptor(path)
  const { identity } = descriptor.facts()
  const group = { name: '', headers: {} }
  const options = {
    path,
    group,
    headers: new Map(),
    identity,
    stream: 's',
    foundInScan: 1,
    nowMs: 0,
  }
  const file = new TailedFile(options)
  file.observe(descriptor.facts(), 0)
  return { path, descriptor, file }
}

const readerOf = (options: Partial<ReaderOptions>): LineReader =>
  new LineReader({
    readBytes: 64,
    lineBytesMax: 100,
    longLines: 'split',
    onLongLine: () => {},
    ...options,
  })

function eventsOf({ count, bodies, ends, gap }: Chunk): string[] {
  return Array.from({ length: count }, (_, i) =>
    bodies.toString('latin1', i === 0 ? 0 : ends[i - 1], ends[i]! - gap),
  )
}

/** Reads to the end; the rest without line feed as well when asked for. */
async function readAll(
  reader: LineReader,
  { file, descriptor }: { file: TailedFile; descriptor: Descriptor },
): Promise<string[]> {
  const events: string[] = []
  for (let turns = 0; file.size > file.offset; turns++) {
    expect(turns).toBeLessThan(10_000)
    const chunk =
      file.unread > 0 ? await reader.read(file, descriptor) : reader.readRest(file, descriptor)
    if (chunk === undefined) continue
    if (chunk === 'changed') throw new Error('nothing changed')
    expect(chunk.from).toBe(file.offset)
    expect(chunk.offsets.at(-1) ?? chunk.to).toBe(chunk.to)
    expect(chunk.fingerprint).toEqual(fingerprintAt(descriptor, chunk.to))
    events.push(...eventsOf(chunk))
    file.taken(chunk, 0)
  }
  return events
}

test('any text, any size of read, any maximum: nothing is lost and the fingerprints are right', async () => {
  const line = fc.string({ unit: fc.constantFrom('a', 'b', '\r'), maxLength: 300 })
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 20 }),
      line,
      fc.integer({ min: 4, max: 400 }),
      fc.integer({ min: 16, max: 200 }),
      async (whole, rest, readBytes, lineBytesMax) => {
        const text = whole.map((each) => `${each}\n`).join('') + rest
        const one = followed(text)
        const events = await readAll(readerOf({ readBytes, lineBytesMax }), one)
        one.descriptor.close()
        const expected = whole.map((each) => each.replace(/\r$/, '')).join('') + rest
        expect(events.join('')).toBe(expected)
        expect(events.every((each) => each.length <= lineBytesMax)).toBe(true)
      },
    ),
    { numRuns: 100 },
  )
})

test.for(['truncate', 'drop'] as const)(
  '%s: one event or none for a long line',
  async (longLines) => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(
        fc.array(line, { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 4, max: 400 }),
        async (whole, readBytes) => {
          let long = 0
          const one = followed(whole.join('\r\n'))
          const reader = readerOf({ readBytes, longLines, onLongLine: () => long++ })
          const events = await readAll(reader, one)
          one.descriptor.close()
          const kept = longLines === 'drop' ? whole.filter((each) => each.length <= 100) : whole
          expect(events).toEqual(kept.map((each) => each.slice(0, 100)))
          expect(long).toBe(whole.filter((each) => each.length > 100).length)
        },
      ),
      { numRuns: 60 },
    )
  },
)

test('bytes before the offset that changed are noticed before anything is emitted', async () => {
  const one = followed('aaaa\nbbbb\n')
  const reader = readerOf({})
  const chunk = (await reader.read(one.file, one.descriptor)) as Chunk
  one.file.taken(chunk, 0)
  fs.writeFileSync(one.path, 'cccc\nbbbb\ndddd\n')
  one.file.observe(one.descriptor.facts(), 1)
  expect(await reader.read(one.file, one.descriptor)).toBe('changed')
  fs.writeFileSync(one.path, 'aaaa\n')
  expect(await reader.read(one.file, one.descriptor)).toBe('changed')
  one.descriptor.close()
})

test('a read is as large as what is there: a short line costs no large buffer', async () => {
  const one = followed('a\n')
  const chunk = (await readerOf({ readBytes: 1 << 20 }).read(one.file, one.descriptor)) as Chunk
  expect(chunk.bodies.buffer.byteLength).toBe(2)
  one.descriptor.close()
})
