import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { looksLikeCopy } from './copies.ts'
import { factsAt } from './descriptor.ts'
import { OpenFiles } from './open-files.ts'
import { TailedFile } from './tailed-file.ts'

const content = Array.from({ length: 200 }, (_, i) => `line ${i}\n`).join('')
let directory: string
let openFiles: OpenFiles
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'copies-'))
  openFiles = new OpenFiles(10)
})
afterEach(() => {
  openFiles.closeAll()
  fs.rmSync(directory, { recursive: true })
})

function fileOf(name: string, text: string, foundInScan: number): TailedFile {
  const path = join(directory, name)
  fs.writeFileSync(path, text)
  const facts = factsAt(path)!
  const group = { name: '', headers: {} }
  const { identity } = facts
  const options = { path, group, headers: new Map(), identity, stream: name, foundInScan, nowMs: 0 }
  const file = new TailedFile(options)
  file.observe(facts, 0)
  file.first = text.slice(0, 64)
  file.decided = foundInScan === 1
  return file
}

const looks = (file: TailedFile, ...others: TailedFile[]): boolean =>
  looksLikeCopy(file, [file, ...others], (each) => openFiles.open(each))

test('a beginning of a file followed before looks like a copy in the making', () => {
  const original = fileOf('a', content, 1)
  expect(looks(fileOf('b', content.slice(0, 700), 2), original)).toBe(true)
  expect(looks(fileOf('c', content, 2), original)).toBe(true)
})

test('what differs anywhere in its first or last bytes, or is longer, does not', () => {
  const original = fileOf('a', content, 1)
  expect(looks(fileOf('b', `x${content.slice(1)}`, 2), original)).toBe(false)
  expect(looks(fileOf('c', `${content.slice(0, -2)}x\n`, 2), original)).toBe(false)
  expect(looks(fileOf('d', `${content}more\n`, 2), original)).toBe(false)
})

test('the successor of a renamed file is none, though both begin with the same header', () => {
  const original = fileOf('a.1', content, 1)
  original.formerPath = join(directory, 'a')
  expect(looks(fileOf('a', content.slice(0, 7), 2), original)).toBe(false)
})

test('files that are there at the start are files of their own', () => {
  const original = fileOf('a', content, 1)
  expect(looks(fileOf('b', content, 1), original)).toBe(false)
})
