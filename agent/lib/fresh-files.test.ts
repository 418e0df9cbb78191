import { mkdtemp, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FRESH_FILE_BYTES_MAX, FreshFiles, PathError } from './fresh-files.ts'

let directory: string
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'fresh-files-'))
  await writeFile(join(directory, 'a'), 'one')
  await writeFile(join(directory, 'b'), 'two')
})
afterEach(() => rm(directory, { recursive: true }))

const files = () => new FreshFiles({ a: join(directory, 'a'), b: join(directory, 'b') })

test('contents at first and after a change, nothing in between', async () => {
  const fresh = files()
  expect(await fresh.changes()).toEqual({ a: Buffer.from('one'), b: Buffer.from('two') })
  expect(await fresh.changes()).toBeUndefined()
  await writeFile(join(directory, 'new'), 'ONE')
  await rename(join(directory, 'new'), join(directory, 'a'))
  expect(await fresh.changes()).toEqual({ a: Buffer.from('ONE'), b: Buffer.from('two') })
  expect(await fresh.changes()).toBeUndefined()
})

test('a file that is missing is named, and looked at again', async () => {
  const fresh = files()
  await rm(join(directory, 'b'))
  const failure: unknown = await fresh.changes().catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(PathError)
  expect(failure).toMatchObject({ path: join(directory, 'b'), cause: { code: 'ENOENT' } })
  await writeFile(join(directory, 'b'), 'back')
  expect((await fresh.changes())?.b.toString()).toBe('back')
})

test('a file that is no small one is not read', async () => {
  await truncate(join(directory, 'a'), FRESH_FILE_BYTES_MAX + 1)
  await expect(files().changes()).rejects.toThrow(`the most is ${FRESH_FILE_BYTES_MAX}`)
})
