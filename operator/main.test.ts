import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const LAUNCHER = join(import.meta.dirname, '..', 'bin', 'flume-operator')

function run(...args: readonly string[]) {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'] }
  const { status, stdout, stderr } = spawnSync(LAUNCHER, args, { env, encoding: 'utf8' })
  return { status, stdout, stderr }
}

test('help goes to the output, a mistake to the errors with 2', () => {
  expect(run('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('--leader-elect'),
  })
  expect(run('--max-concurrent=x')).toMatchObject({
    status: 2,
    stdout: '',
    stderr: expect.stringContaining('whole number'),
  })
})

test('without an API server it says what to set', () => {
  const { status, stderr } = run()
  expect(status).toBe(1)
  expect(JSON.parse(stderr.trim().split('\n').at(-1)!)).toMatchObject({
    error: { code: 'FLM7106' },
  })
})
