import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { findAdmins, forgetAdmin, recordAdmin } from './admin-record.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-admin-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

test('agents of a data directory are found until they stop', () => {
  for (const name of ['hub-0', 'hub-1', 'broken-0', 'empty-0']) mkdirSync(join(directory, name))
  const record = { address: '127.0.0.1:1', pid: 7 }
  recordAdmin(join(directory, 'hub-0'), record)
  recordAdmin(join(directory, 'hub-1'), record)
  writeFileSync(join(directory, 'broken-0', 'admin.json'), '{"address":3}')
  expect([...findAdmins(directory)]).toEqual([
    ['hub-0', record],
    ['hub-1', record],
  ])
  forgetAdmin(join(directory, 'hub-0'))
  forgetAdmin(join(directory, 'hub-0'))
  expect([...findAdmins(directory).keys()]).toEqual(['hub-1'])
})

test('a data directory that is not there holds no agents', () => {
  expect(findAdmins(join(directory, 'nowhere')).size).toBe(0)
})
