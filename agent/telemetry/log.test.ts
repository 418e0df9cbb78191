import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createLog } from './log.ts'
import type { Log } from './log.ts'
import type { LogOptions } from './log-options.ts'

let directory: string
let fd: number

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-log-'))
  fd = openSync(join(directory, 'log'), 'a')
})

afterEach(() => {
  closeSync(fd)
  rmSync(directory, { recursive: true })
})

const open = (options: Partial<LogOptions> = {}): Log =>
  createLog({ level: 'info', format: 'json', colour: false, fd, ...options })

const written = (): string => readFileSync(join(directory, 'log'), 'utf8')

test('a line is an object with level name, ISO time, fields and error', () => {
  const log = open()
  log.logger.child({ flow: 'web' }).warn({ n: 1, error: new Error('boom') }, 'it happened')
  log.flush()
  const line = JSON.parse(written()) as Record<string, unknown>
  expect(line).toMatchObject({ level: 'warn', flow: 'web', n: 1, msg: 'it happened' })
  expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
  expect(line['error']).toMatchObject({ message: 'boom' })
  expect(Object.keys(line)).not.toContain('pid')
})

test('levels below the least one are left out', () => {
  const log = open({ level: 'warn' })
  log.logger.debug({}, 'no')
  log.logger.info({}, 'no')
  log.logger.error({}, 'yes')
  log.flush()
  expect(written().split('\n')).toHaveLength(2)
})

test('flush has written every line when it returns, in both formats', () => {
  for (const format of ['json', 'text'] as const) {
    const before = written().split('\n').length
    const log = open({ format })
    for (let i = 0; i < 1000; i++) log.logger.info({ i }, 'line')
    log.flush()
    expect(written().split('\n').length - before).toBe(1000)
  }
})
