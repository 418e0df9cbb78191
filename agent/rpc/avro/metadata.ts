import { beyondLimit } from './wire-error.ts'
import type { WireReader } from './wire-reader.ts'
import type { WireWriter } from './wire-writer.ts'

/** What travels beside a call: map<bytes>. */
export type Metadata = ReadonlyMap<string, Buffer>

export const NO_METADATA: Metadata = new Map()

export const METADATA_ENTRIES_MAX = 64
export const METADATA_BYTES_MAX = 64 * 1024

/** Values are copies: they outlive the message. Throws FLM6101 and FLM6102. */
export function readMetadata(reader: WireReader): Metadata {
  let left = reader.blockCount()
  if (left === 0) return NO_METADATA
  const metadata = new Map<string, Buffer>()
  const start = reader.at
  for (let entries = 0; left > 0; left = reader.blockCount()) {
    for (; left > 0; left--) {
      const name = reader.text()
      metadata.set(name, Buffer.from(reader.blob()))
      entries++
      if (entries > METADATA_ENTRIES_MAX || reader.at - start > METADATA_BYTES_MAX)
        throw beyondLimit(
          'the metadata of a call is too large',
          `the most is ${METADATA_ENTRIES_MAX} entries and ${METADATA_BYTES_MAX} bytes`,
        )
    }
  }
  return metadata
}

export function writeMetadata(writer: WireWriter, metadata: Metadata): void {
  if (metadata.size > 0) writer.long(metadata.size)
  for (const [name, value] of metadata) {
    writer.text(name)
    writer.blob(value)
  }
  writer.long(0)
}
