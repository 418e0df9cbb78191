import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { isCompiled, relocated } from './cache-entry.ts'

function entry(text: string | Buffer): Buffer {
  const content = Buffer.from(text)
  const header = Buffer.alloc(20)
  header.writeUInt32LE(content.length, 8)
  header.writeUInt32LE(crc32(content), 16)
  return Buffer.concat([header, content])
}

test('what V8 compiled is told from a source', () => {
  expect(isCompiled(entry(Buffer.from([0xa9, 0x06, 0xde, 0xc0, 1, 2])))).toBe(true)
  expect(isCompiled(entry('const a = 1'))).toBe(false)
})

test('a source says where it will be, in its last line alone', () => {
  const source = (folder: string): string =>
    `const a = 'file:///tmp/x/a.ts'\n\n//# sourceURL=file://${folder}/opt/a.ts`
  expect(relocated(entry(source('/tmp/x')), '/tmp/x', '')).toEqual(entry(source('')))
  expect(relocated(entry('const a = 1'), '/tmp/x', '')).toEqual(entry('const a = 1'))
})

test('an entry of another format is not taken for one', () => {
  const other = entry('const a = 1')
  other.writeUInt32LE(0, 16)
  expect(() => relocated(other, '/tmp/x', '')).toThrow(/in another way now/)
})
