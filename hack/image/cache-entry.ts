import { crc32 } from 'node:zlib'

/**
 * An entry of Node's compile cache: five words of 32 bits (magic, bytes of the source, bytes of what
 * follows, checksums of the two), then either what V8 has compiled, or the source without its types.
 */

const HEADER_BYTES = 20
const CONTENT_BYTES_AT = 8
const CONTENT_CHECKSUM_AT = 16
/** What V8's own data start with: 0xC0DE in the upper half of their first word. */
const COMPILED = 0xc0de

export function isCompiled(entry: Buffer): boolean {
  return entry.length >= HEADER_BYTES + 4 && entry.readUInt16LE(HEADER_BYTES + 2) === COMPILED
}

/**
 * A stripped source that says in its last line that it is from below another folder: `from` is where the
 * entry was made, `to` where it will be read, and what stack traces show.
 */
export function relocated(entry: Buffer, from: string, to: string): Buffer {
  const content = entry.subarray(HEADER_BYTES)
  const checksum = entry.readUInt32LE(CONTENT_CHECKSUM_AT)
  if (content.length !== entry.readUInt32LE(CONTENT_BYTES_AT) || crc32(content) !== checksum) {
    throw new Error('Node writes its compile cache in another way now: see cache-entry.ts')
  }
  const text = content.toString()
  const at = text.lastIndexOf('\n//# sourceURL=')
  const moved = Buffer.from(
    at < 0 ? text : text.slice(0, at) + text.slice(at).replace(`file://${from}`, `file://${to}`),
  )
  const header = Buffer.from(entry.subarray(0, HEADER_BYTES))
  header.writeUInt32LE(moved.length, CONTENT_BYTES_AT)
  header.writeUInt32LE(crc32(moved), CONTENT_CHECKSUM_AT)
  return Buffer.concat([header, moved])
}
