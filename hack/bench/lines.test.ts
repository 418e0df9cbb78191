import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isRight, linesOf, verify, writeLines } from './lines.ts'

const LINES = { count: 1000, bytes: 100 }

let folder: string
let out: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-lines-'))
  out = join(folder, 'out')
  mkdirSync(out)
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

test('lines have their length, are different, and end in a line feed', () => {
  writeLines(join(folder, 'in'), LINES)
  const text = readFileSync(join(folder, 'in'), 'latin1')
  const lines = text.split('\n')
  expect(lines.pop()).toBe('')
  expect(lines).toHaveLength(1000)
  expect(new Set(lines).size).toBe(1000)
  expect(lines.every((line) => line.length === 99)).toBe(true)
  expect(lines).toEqual(lines.toSorted())
})

test('all lines once, in any order and any number of files, are right', () => {
  writeFileSync(join(out, 'a'), linesOf(500, 500, 100))
  writeFileSync(join(out, 'b'), linesOf(0, 500, 100))
  const verdict = verify(out, LINES)
  expect(verdict).toEqual({ found: 1000, missing: 0, repeated: 0, foreign: 0, sameHash: true })
  expect(isRight(verdict)).toBe(true)
})

test('a missing, a repeated, a changed and a torn line are wrong', () => {
  writeFileSync(join(out, 'a'), linesOf(0, 999, 100))
  expect(verify(out, LINES)).toMatchObject({ missing: 1, sameHash: false })

  appendFileSync(join(out, 'a'), linesOf(998, 2, 100))
  expect(verify(out, LINES)).toMatchObject({ missing: 0, repeated: 1, sameHash: true })
  expect(isRight(verify(out, LINES))).toBe(false)

  const lines = linesOf(0, 1000, 100)
  lines[50] = 33
  writeFileSync(join(out, 'a'), lines)
  expect(verify(out, LINES)).toMatchObject({ missing: 0, repeated: 0, sameHash: false })

  writeFileSync(join(out, 'a'), linesOf(0, 1000, 100).subarray(0, -40))
  expect(verify(out, LINES)).toMatchObject({ missing: 0, sameHash: false })
})
