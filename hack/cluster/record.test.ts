import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readRecord, refuseForeign, writeRecord } from './record.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-record-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('what was written is read again', () => {
  const directory = join(folder, 'state')
  expect(readRecord(directory)).toBeUndefined()
  writeRecord(directory, { provider: 'local', nodes: 2, slot: 7 })
  expect(readRecord(directory)).toEqual({ provider: 'local', nodes: 2, slot: 7 })
})

test("a folder with somebody's files does not become a state directory, since that is removed whole", () => {
  refuseForeign(join(folder, 'none'))
  refuseForeign(folder)
  writeFileSync(join(folder, 'letter.txt'), 'Dear …')
  expect(() => refuseForeign(folder)).toThrow(/is not empty and is no cluster's/)
  writeRecord(folder, { provider: 'local', nodes: 1 })
  refuseForeign(folder)
})
