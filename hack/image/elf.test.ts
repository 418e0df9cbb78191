import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { withoutSymbols } from './elf.ts'

test('Node without its symbols is smaller and runs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flume-elf-'))
  try {
    const whole = readFileSync(process.execPath)
    const small = withoutSymbols(whole)
    expect(small.length).toBeLessThan(whole.length)
    const program = join(folder, 'node')
    writeFileSync(program, small, { mode: 0o755 })
    expect(execFileSync(program, ['-p', '6 * 7'], { encoding: 'utf8' })).toBe('42\n')
    expect(withoutSymbols(small).equals(small)).toBe(true)
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('what is no program is refused', () => {
  expect(() => withoutSymbols(Buffer.from('#!/bin/sh\n'))).toThrow(/not a 64-bit program/)
})
