import { expect, test } from 'vitest'
import {
  METADATA_BYTES_MAX,
  METADATA_ENTRIES_MAX,
  readMetadata,
  writeMetadata,
} from './metadata.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

function through(metadata: Map<string, Buffer>) {
  const writer = new WireWriter()
  writeMetadata(writer, metadata)
  return readMetadata(new WireReader(writer.result()))
}

test('metadata comes back, and none is one byte', () => {
  const metadata = new Map([
    ['flume.stream', Buffer.from('a')],
    ['x', Buffer.alloc(0)],
  ])
  expect(through(metadata)).toEqual(metadata)
  expect(through(new Map()).size).toBe(0)
})

test('too many entries and too many bytes are refused', () => {
  const refused = expect.objectContaining({ code: 'FLM6102' })
  const many = new Map(
    Array.from({ length: METADATA_ENTRIES_MAX + 1 }, (_, i) => [String(i), Buffer.alloc(1)]),
  )
  expect(() => through(many)).toThrow(refused)
  expect(() => through(new Map([['x', Buffer.alloc(METADATA_BYTES_MAX)]]))).toThrow(refused)
})
