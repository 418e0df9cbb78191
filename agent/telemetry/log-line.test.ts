import { expect, test } from 'vitest'
import { formatLogLine } from './log-line.ts'

const record = { level: 'info', time: '2026-01-02T03:04:05.678Z', msg: 'file opened' }

test('a line has time, level, message and fields', () => {
  const line = formatLogLine({ ...record, flow: 'web', path: '/a b', n: 3, none: undefined }, false)
  expect(line).toBe('03:04:05.678 INFO  file opened flow=web path="/a b" n=3\n')
})

test('an error is told by code, message and causes, without a stack when it was foreseen', () => {
  const error = { code: 'FLM4201', message: 'write failed', cause: { code: 'EIO', message: 'i/o' } }
  expect(formatLogLine({ ...record, level: 'error', error }, false)).toBe(
    '03:04:05.678 ERROR file opened FLM4201: write failed (EIO: i/o)\n',
  )
})

test('a defect brings its stack, indented below', () => {
  const error = { message: 'boom', stack: 'Error: boom\n    at a.ts:1\n    at b.ts:2' }
  expect(formatLogLine({ ...record, error }, false)).toBe(
    '03:04:05.678 INFO  file opened boom\n    at a.ts:1\n    at b.ts:2\n',
  )
})

test('what comes from outside cannot move the cursor or forge a line', () => {
  const line = formatLogLine({ ...record, path: '/a\n\u001B[2J\u009B1m', error: 'x\r' }, false)
  expect(line).toBe('03:04:05.678 INFO  file opened path="/a\\n\\u001b[2J\\u009b1m" "x\\r"\n')
  const forged = { code: 'E\n', message: 'm\n03:04:05 INFO  all well' }
  expect(formatLogLine({ ...record, error: forged }, false).trimEnd()).not.toContain('\n')
})

test('colours are for the level and the names of fields', () => {
  expect(formatLogLine({ ...record, level: 'warn', n: 1 }, true)).toBe(
    '03:04:05.678 \u001B[33mWARN \u001B[0m file opened \u001B[2mn=\u001B[0m1\n',
  )
})
