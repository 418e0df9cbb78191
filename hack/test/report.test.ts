import { expect, test } from 'vitest'
import { closingBlock, totalsOf } from './report.ts'

const step = { name: 'unit', passed: 3, failed: 1, seconds: 1.25, problem: undefined }

test('the last line is the totals, alone', () => {
  const text = closingBlock(
    [
      { name: 'check', steps: [step] },
      { name: 'crash', steps: [{ ...step, passed: 2, failed: 0 }] },
    ],
    [],
  )
  expect(text.split('\n').at(-1)).toBe('5 passed, 1 failed')
})

test('what was not run is named with its reason and its cure', () => {
  const notRun = [{ what: 'interop/flume', why: 'no JDK', cure: 'npm run setup -- flume' }]
  expect(closingBlock([], notRun)).toContain(
    'NOT RUN: interop/flume — no JDK — npm run setup -- flume\n',
  )
})

test('a step that failed says so, with its problem below', () => {
  const text = closingBlock(
    [{ name: 'check', steps: [{ ...step, problem: 'ended after 5 minutes' }] }],
    [],
  )
  expect(text).toMatch(/ {2}unit +3 passed {2}1 FAILED +1\.3 s\n {4}ended after 5 minutes/)
})

test('the tests that failed are named above the totals, the first ten of a step', () => {
  const failures = Array.from({ length: 12 }, (_, i) => ({
    test: `a.test.ts > case ${i}`,
    message: `expected ${i}\nat line ${i}`,
  }))
  const text = closingBlock([{ name: 'check', steps: [{ ...step, failures }] }], [])
  const lines = text.split('\n').slice(4)
  expect(lines.slice(0, 3)).toEqual([
    'FAILED: a.test.ts > case 0',
    '    expected 0',
    '    at line 0',
  ])
  expect(lines.filter((line) => line.startsWith('FAILED'))).toHaveLength(10)
  expect(lines.slice(-2)).toEqual(['… and 2 more', '3 passed, 1 failed'])
})

test('totals of nothing are zero', () => {
  expect(totalsOf([])).toEqual({ passed: 0, failed: 0 })
})
