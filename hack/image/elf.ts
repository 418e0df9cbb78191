/** As much of the format of Linux programs as it takes to leave out what a debugger alone wants. */

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1])
const PROGRAM_HEADERS_AT = 32
const SECTION_HEADERS_AT = 40
const SECTION_COUNT_AT = 60

/**
 * A 64-bit program without symbols and debugging data: a quarter less of Node. What the kernel and the
 * loader read is described by the program headers; sections, which lie behind, are for other tools. Done
 * here, so that no tool of the machine has a say in the bytes.
 */
export function withoutSymbols(program: Buffer): Buffer {
  if (!program.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new Error('not a 64-bit program of a little-endian Linux')
  }
  const headersAt = Number(program.readBigUInt64LE(PROGRAM_HEADERS_AT))
  const [headerBytes, count] = [program.readUInt16LE(54), program.readUInt16LE(56)]
  let end = headersAt + headerBytes * count
  for (let index = 0; index < count; index += 1) {
    const at = headersAt + headerBytes * index
    const [offset, bytes] = [program.readBigUInt64LE(at + 8), program.readBigUInt64LE(at + 32)]
    end = Math.max(end, Number(offset + bytes))
  }
  const kept = Buffer.from(program.subarray(0, end))
  kept.writeBigUInt64LE(0n, SECTION_HEADERS_AT)
  // Their count, and which of them holds names.
  kept.writeUInt16LE(0, SECTION_COUNT_AT)
  kept.writeUInt16LE(0, SECTION_COUNT_AT + 2)
  return kept
}
