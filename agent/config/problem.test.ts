import { describe, expect, it } from 'vitest'
import { formatCount, formatPath, formatProblem, printable } from './problem.ts'

const problem = {
  code: 'FLM1203',
  file: 'a.yaml',
  line: 4,
  path: 'spec.sinks[0].fiel',
  message: 'unknown key. Did you mean "file"?',
} as const

describe('formatProblem', () => {
  it('names file, line, code and path', () => {
    expect(formatProblem(problem)).toBe(
      'a.yaml:4: FLM1203 spec.sinks[0].fiel: unknown key. Did you mean "file"?',
    )
  })

  it('leaves out what is not known', () => {
    expect(formatProblem({ ...problem, line: 0, path: '' })).toMatch(/^a.yaml: FLM1203 unknown/)
    expect(formatProblem({ ...problem, file: '', line: 0 })).toMatch(/^FLM1203 spec/)
  })
})

describe('formatPath', () => {
  it('quotes keys that are no words', () => {
    expect(formatPath(['metadata', 'labels', 'a/b', 0, 'x-y'])).toBe(
      'metadata.labels["a/b"][0].x-y',
    )
    expect(formatPath([])).toBe('')
  })
})

describe('formatCount', () => {
  it('counts', () => {
    expect([[], [problem], [problem, problem]].map(formatCount)).toEqual([
      '0 errors',
      '1 error',
      '2 errors',
    ])
  })
})

describe('printable', () => {
  it('shows what a terminal would obey, and cuts what has no end', () => {
    expect(printable('a\u001B[2Jb\nc\u0000\u2028é')).toBe(
      String.raw`a\u001b[2Jb\u000ac\u0000\u2028é`,
    )
    expect(printable('x'.repeat(10_000))).toHaveLength(501)
  })
})
