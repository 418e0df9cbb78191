import { closeSync, mkdtempSync, readFileSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { lastLines, openLog, rotateLog } from './log-file.ts'

let directory: string
let path: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-log-'))
  path = join(directory, 'logs', 'hub-0.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

it('begins a log anew that is too large, for the process too that writes it', () => {
  const fd = openLog(path)
  writeSync(fd, 'one\n')
  rotateLog(path, 4)
  expect(readFileSync(path, 'utf8')).toBe('one\n')
  writeSync(fd, 'two\n')
  rotateLog(path, 4)
  writeSync(fd, 'three\n')
  closeSync(fd)
  expect(readFileSync(path, 'utf8')).toBe('three\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('one\ntwo\n')
})

it('does not mind a log that is gone', () => {
  rotateLog(path)
  expect(lastLines(path, 3)).toEqual([])
})

it('gives the last lines', () => {
  const fd = openLog(path)
  writeSync(fd, `${'x'.repeat(10_000)}\none\n\ntwo\n`)
  closeSync(fd)
  expect(lastLines(path, 2)).toEqual(['one', 'two'])
})
