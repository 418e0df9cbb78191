import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Daemon, livingPid, parseStat, startTime } from './daemon.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-daemon-'))
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

const daemon = (...command: [string, ...string[]]): Daemon =>
  new Daemon({ name: 'x', directory, command })

test('it is started once, found by its file, and ended', async () => {
  const first = daemon('sleep', '600')
  first.start()
  const { pid } = first
  expect(pid).toBeGreaterThan(0)
  daemon('sleep', '600').start()
  expect(daemon('sleep', '600').pid).toBe(pid)
  expect(await daemon('sleep', '600').kill()).toBe(true)
  expect(startTime(pid!)).toBeUndefined()
  expect(await daemon('sleep', '600').kill()).toBe(false)
})

test('a pid that another process has got meanwhile is not ours', () => {
  const file = join(directory, 'x.pid')
  writeFileSync(file, `${process.pid} 1`)
  expect(livingPid(file)).toBeUndefined()
  writeFileSync(file, `${process.pid} ${startTime(process.pid)}`)
  expect(livingPid(file)).toBe(process.pid)
  writeFileSync(file, '')
  expect(livingPid(file)).toBeUndefined()
})

test('one that ends is not waited for, and its last words are told', async () => {
  const broken = daemon('sh', '-c', 'echo no such port >&2; exit 3')
  broken.start()
  const waiting = broken.until('it is ready', 60, async () => false)
  await expect(waiting).rejects.toThrow(/x has ended\nno such port/)
  expect(readFileSync(join(directory, 'log', 'x.log'), 'utf8')).toBe('no such port\n')
})

test('a program that is not there counts as one that ended', async () => {
  const missing = daemon(join(directory, 'none'))
  missing.start()
  await expect(missing.until('it is ready', 60, async () => false)).rejects.toThrow(/x has ended/)
})

test('the start time stands behind a name with blanks and parentheses', () => {
  const fields = '1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 777'
  expect(parseStat(`42 (a (b) c) S ${fields}`)).toEqual({ state: 'S', started: '777' })
})
