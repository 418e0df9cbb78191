import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { CRASH_WINDOW_MS, CrashRecord } from './crashes.ts'

let directory: string
let path: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-crashes-'))
  path = join(directory, 'crashes.json')
})

afterEach(() => rmSync(directory, { recursive: true }))

test('a flow is suspect after three crashes within a minute, over restarts', () => {
  for (const at of [1000, 2000]) new CrashRecord(path).note({ at, flow: 'web' })
  expect(new CrashRecord(path).suspects(3000)).toEqual(new Set())
  new CrashRecord(path).note({ at: 3000, flow: 'web' })
  expect(new CrashRecord(path).suspects(4000)).toEqual(new Set(['web']))
  expect(new CrashRecord(path).suspects(1001 + CRASH_WINDOW_MS)).toEqual(new Set())
})

test('crashes of different flows and of unknown origin do not add up', () => {
  const record = new CrashRecord(path)
  for (const flow of ['web', 'web', 'db', 'db', undefined, undefined, undefined]) {
    record.note({ at: 1000, flow })
  }
  expect(record.suspects(1000)).toEqual(new Set())
})

test('the file keeps a bounded number of crashes', () => {
  const record = new CrashRecord(path)
  for (const at of [1, 2, 3]) record.note({ at, flow: 'old' })
  for (let at = 4; at < 40; at++) record.note({ at, flow: 'new' })
  expect(record.suspects(50)).toEqual(new Set(['new']))
})

test('a file that is damaged counts as none and is written anew', () => {
  for (const text of [
    '',
    '{',
    'null',
    '{"crashes":3}',
    '{"crashes":[null,{"at":"x"},{"flow":1}]}',
  ]) {
    writeFileSync(path, text)
    expect(new CrashRecord(path).suspects(0)).toEqual(new Set())
  }
  new CrashRecord(path).note({ at: 1, flow: 'web' })
})
