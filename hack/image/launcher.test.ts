import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { NODE, flagsOf, launcher, variablesOf } from './launcher.ts'

const shell = `#!/bin/sh
: "\${POOL_SIZE:=64}"
export POOL_SIZE
flags='--max-semi-space-size=4
  --stack-trace-limit=7'
exec node $flags
`

test('flags and variables are those of the launcher for a shell', () => {
  expect(flagsOf(shell)).toEqual(['--max-semi-space-size=4', '--stack-trace-limit=7'])
  expect(variablesOf(shell)).toEqual({ POOL_SIZE: '64' })
  expect(() => flagsOf('#!/bin/sh\nexec node')).toThrow(/flags='…'/)
})

test('bin/flume is understood', () => {
  const text = readFileSync(join(import.meta.dirname, '..', '..', 'bin', 'flume'), 'utf8')
  expect(flagsOf(text).length).toBeGreaterThan(0)
  expect(Object.keys(variablesOf(text))).toContain('UV_THREADPOOL_SIZE')
})

test('it becomes the program: its flags, its arguments, and what the environment says first', () => {
  const folder = mkdtempSync(join(tmpdir(), 'flume-launcher-'))
  try {
    mkdirSync(join(folder, 'bin'))
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
    const main =
      'console.log(JSON.stringify([process.execArgv, process.argv.slice(2), process.env]))'
    writeFileSync(join(folder, 'main.js'), main)
    const program = join(folder, 'bin', 'program')
    const text = launcher(shell, 'main.js').replace(NODE, process.execPath)
    writeFileSync(program, text, { mode: 0o755 })
    const run = (env: NodeJS.ProcessEnv): [string[], string[], Record<string, string>] => {
      const output = execFileSync(program, ['run', '-f', 'a b'], { env, encoding: 'utf8' })
      return JSON.parse(output) as [string[], string[], Record<string, string>]
    }
    const [flags, args, env] = run({ A: '1' })
    expect(flags).toEqual(['--max-semi-space-size=4', '--stack-trace-limit=7'])
    expect(args).toEqual(['run', '-f', 'a b'])
    expect(env).toMatchObject({ A: '1', POOL_SIZE: '64' })
    expect(run({ POOL_SIZE: '8' })[2]['POOL_SIZE']).toBe('8')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
