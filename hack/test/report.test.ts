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

test('totals of nothing are zero', () => {
  expect(totalsOf([])).toEqual({ passed: 0, failed: 0 })
})
