import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { Descriptor, factsAt, identityKey } from './descriptor.ts'

const directory = fs.mkdtempSync(join(tmpdir(), 'descriptor-'))
const path = join(directory, 'a.log')
afterAll(() => fs.rmSync(directory, { recursive: true }))

test('reads are cut at the end of the file; a range that is not there is undefined', async () => {
  fs.writeFileSync(path, 'hello')
  const file = new Descriptor(path)
  const buffer = Buffer.alloc(10)
  expect(await file.read(buffer, 1)).toBe(4)
  expect(file.range(1, 5)?.toString()).toBe('ello')
  expect(file.range(1, 6)).toBeUndefined()
  file.close()
  file.close()
})

test('a deleted file has no names left and can still be read', () => {
  fs.writeFileSync(path, 'hello')
  const file = new Descriptor(path)
  expect(file.facts()).toMatchObject({ size: 5, links: 1 })
  expect(identityKey(file.facts().identity)).toBe(identityKey(factsAt(path)!.identity))
  fs.unlinkSync(path)
  expect(file.facts().links).toBe(0)
  expect(file.range(0, 5)?.toString()).toBe('hello')
  expect(factsAt(path)).toBeUndefined()
  file.close()
})

test('a directory is no file', () => {
  expect(factsAt(directory)).toBeUndefined()
})
