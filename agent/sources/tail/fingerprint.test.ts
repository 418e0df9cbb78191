import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, expect, test } from 'vitest'
import { Descriptor } from './descriptor.ts'
import {
  advance,
  EMPTY_FINGERPRINT,
  encodeMemo,
  fingerprintAt,
  holdsFor,
  holdsIn,
  leadBytes,
  memoPath,
  parseMemo,
} from './fingerprint.ts'

const directory = fs.mkdtempSync(join(tmpdir(), 'fingerprint-'))
const path = join(directory, 'a.log')
const content = Buffer.from(Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join(''))
const open: Descriptor[] = []
function file(bytes: Buffer): Descriptor {
  fs.writeFileSync(path, bytes)
  const descriptor = new Descriptor(path)
  open.push(descriptor)
  return descriptor
}
afterAll(() => fs.rmSync(directory, { recursive: true }))
afterEach(() => {
  for (const each of open.splice(0)) each.close()
  fs.rmSync(path, { force: true })
})

test('steps through a file give the fingerprint that one look at it gives', () => {
  const descriptor = file(content)
  let fingerprint = EMPTY_FINGERPRINT
  let offset = 0
  for (const to of [0, 1, 7, 300, 1023, 1024, 1025, 1300, 1301, 4000]) {
    const start = offset - leadBytes(offset)
    expect(holdsIn(fingerprint, content.subarray(start, to), start)).toBe(true)
    fingerprint = advance(fingerprint, content.subarray(start, to), start, to)
    expect(fingerprint).toEqual(fingerprintAt(descriptor, to))
    expect(holdsFor(fingerprint, descriptor)).toBe(true)
    offset = to
  }
})

test('a changed byte in the head, a changed byte in the tail, a shorter file: not the same', () => {
  const fingerprint = fingerprintAt(file(content), 3000)!
  for (const at of [0, 1023, 2744, 2999]) {
    const other = Buffer.from(content)
    other[at]! ^= 1
    expect(holdsFor(fingerprint, file(other))).toBe(false)
  }
  expect(holdsFor(fingerprint, file(content.subarray(0, 2999)))).toBe(false)
  expect(holdsFor(fingerprint, file(content.subarray(0, 3000)))).toBe(true)
  expect(fingerprintAt(file(content.subarray(0, 10)), 11)).toBeUndefined()
})

test('a memo comes back as it was and has at most 1 KiB, whatever the path', () => {
  const identity = { device: '2049', inode: '18446744073709551615', born: '1790000000123456789' }
  const fingerprint = fingerprintAt(file(content), 4000)!
  const paths = [
    '/var/log/a.log',
    `/${'x'.repeat(4000)}`,
    `/${'日本'.repeat(700)}`,
    `/${'\u0001'.repeat(900)}`,
  ]
  for (const each of paths) {
    const memo = encodeMemo({ path: each, identity, fingerprint, rotated: true })
    expect(Buffer.byteLength(memo)).toBeLessThanOrEqual(1024)
    expect(parseMemo(memo)).toEqual({ path: memoPath(each), identity, fingerprint, rotated: true })
  }
  expect(memoPath(paths[0]!)).toBe(paths[0])
})

test('text that is no memo is none', () => {
  for (const text of ['', '{', '{}', 'null', '[]', '{"v":2}', '{"v":1,"path":"/a","at":1}']) {
    expect(parseMemo(text)).toBeUndefined()
  }
})
