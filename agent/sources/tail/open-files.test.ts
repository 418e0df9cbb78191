import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { factsAt } from './descriptor.ts'
import { inodesIn, OpenFiles } from './open-files.ts'
import { TailedFile } from './tailed-file.ts'

let directory: string
let openFiles: OpenFiles
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'open-files-'))
  openFiles = new OpenFiles(2)
})
afterEach(() => {
  openFiles.closeAll()
  fs.rmSync(directory, { recursive: true })
})

function fileOf(name: string, offset = 3): TailedFile {
  const path = join(directory, name)
  fs.writeFileSync(path, 'abc')
  const { identity } = factsAt(path)!
  const group = { name: '', headers: {} }
  const options = {
    path,
    group,
    headers: new Map(),
    identity,
    stream: name,
    foundInScan: 1,
    nowMs: 0,
  }
  const file = new TailedFile(options)
  file.observe(factsAt(path)!, 0)
  file.offset = offset
  return file
}

test('above the maximum the file used longest ago is closed, and opened again when needed', () => {
  const [a, b, c] = [fileOf('a'), fileOf('b'), fileOf('c')] as const
  for (const file of [a, b, a, c]) openFiles.open(file)
  expect([a, b, c].map((file) => file.descriptor !== undefined)).toEqual([true, false, true])
  expect(openFiles.open(b)?.range(0, 3)?.toString()).toBe('abc')
  expect(openFiles.count).toBe(2)
})

test('a file that was read to its end is closed before one that was not', () => {
  const [behind, done, next] = [fileOf('a', 0), fileOf('b'), fileOf('c')] as const
  for (const file of [behind, done, next]) openFiles.open(file)
  expect(behind.descriptor).toBeDefined()
  expect(done.descriptor).toBeUndefined()
})

test('files that are gone stay open, and when all are, the next one has to wait', () => {
  const [a, b, c] = [fileOf('a'), fileOf('b'), fileOf('c')] as const
  for (const file of [a, b]) {
    openFiles.open(file)
    file.gone = 'deleted'
  }
  expect(() => openFiles.open(c)).toThrow('Raise maxOpenFiles')
  openFiles.closeIdle(0, 1000)
  expect(openFiles.count).toBe(2)
  openFiles.close(a)
  expect(openFiles.open(c)).toBeDefined()
})

test('another file under the same name is not opened, a renamed one is found', () => {
  const file = fileOf('a')
  fs.renameSync(file.path, join(directory, 'a.1'))
  fs.writeFileSync(join(directory, 'a'), 'another')
  expect(openFiles.open(file)?.range(0, 3)?.toString()).toBe('abc')
  expect(file).toMatchObject({
    path: join(directory, 'a.1'),
    formerPath: join(directory, 'a'),
    rotated: true,
  })
  openFiles.close(file)
  fs.unlinkSync(file.path)
  expect(openFiles.open(file)).toBeUndefined()
})

test('a directory that is not there has no inodes', () => {
  expect(inodesIn(join(directory, 'nowhere')).size).toBe(0)
})
