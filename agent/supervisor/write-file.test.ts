import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { writeAtomically } from './write-file.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-write-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

it('makes the directory, writes the text, replaces it, and leaves nothing else', () => {
  const path = join(directory, 'a', 'b', 'file')
  writeAtomically(path, 'one')
  writeAtomically(path, 'zwölf')
  expect(readFileSync(path, 'utf8')).toBe('zwölf')
  expect(readdirSync(join(directory, 'a', 'b'))).toEqual(['file'])
})
