import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { countTests, failuresOf, runStep } from './run-step.ts'

let scratch: string
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'flume-step-'))
})
afterEach(() => {
  rmSync(scratch, { recursive: true })
})

const root = join(import.meta.dirname, '..', '..')
const step = (source: string, minutesMax = 1) => ({
  name: 'x',
  command: ['node', '-e', source],
  minutesMax,
})

test('a command that ends with 0 is one check that passed', async () => {
  const result = await runStep(step(''), { root, scratch, env: {} })
  expect(result).toMatchObject({ passed: 1, failed: 0, problem: undefined })
})

test('a command that fails is one check that failed, with its exit code', async () => {
  const result = await runStep(step('process.exit(3)'), { root, scratch, env: {} })
  expect(result).toMatchObject({ passed: 0, failed: 1, problem: 'node ended with exit code 3' })
})

test('a command that never ends is ended', async () => {
  const result = await runStep(step('setInterval(() => {}, 1000)', 0.005), {
    root,
    scratch,
    env: {},
  })
  expect(result).toMatchObject({ failed: 1, problem: 'ended after 0.005 minutes' })
})

test('tests are counted by their status, and a file that does not load is a failure', () => {
  const file = join(scratch, 'vitest.json')
  const testResults = [
    { status: 'passed', assertionResults: [{ status: 'passed' }, { status: 'passed' }] },
    { status: 'failed', assertionResults: [{ status: 'passed' }, { status: 'failed' }] },
    { status: 'failed', assertionResults: [] },
  ]
  writeFileSync(file, JSON.stringify({ testResults }))
  expect(countTests(file)).toEqual({ passed: 3, failed: 2 })
})

test('what failed is told with its file, its name and what it said', () => {
  const file = join(scratch, 'vitest.json')
  const failed = { status: 'failed', fullName: 'group case', failureMessages: ['x'.repeat(5000)] }
  const testResults = [
    { name: 'a.test.ts', status: 'failed', assertionResults: [{ status: 'passed' }, failed] },
    { name: 'b.test.ts', status: 'failed', message: 'no such module', assertionResults: [] },
  ]
  writeFileSync(file, JSON.stringify({ testResults }))
  expect(failuresOf(file)).toEqual([
    { test: 'a.test.ts > group case', message: `${'x'.repeat(4000)}…` },
    { test: 'b.test.ts', message: 'no such module' },
  ])
})

test('a missing report is a failure', () => {
  const file = join(scratch, 'none.json')
  expect(countTests(file)).toEqual({ passed: 0, failed: 1 })
  expect(failuresOf(file)).toEqual([])
})
