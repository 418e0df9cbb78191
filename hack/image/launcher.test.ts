import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { programs } from './application.ts'
import { NODE, commandOf, launcher, variablesOf } from './launcher.ts'

const shell = `#!/bin/sh
: "\${POOL_SIZE:=64}"
export POOL_SIZE
flags='--max-semi-space-size=4
  --stack-trace-limit=7'
exec "$node" --no-warnings $flags "$root/main.js" "$@"
`

test('flags and variables are those of the launcher for a shell', () => {
  expect(commandOf(shell)).toEqual({
    flags: ['--no-warnings', '--max-semi-space-size=4', '--stack-trace-limit=7'],
    main: 'main.js',
  })
  expect(variablesOf(shell)).toEqual({ POOL_SIZE: '64' })
  expect(commandOf('exec "$node" "$root/a/main.ts" "$@"')).toEqual({ flags: [], main: 'a/main.ts' })
  expect(() => commandOf('#!/bin/sh\nexec node')).toThrow(/does not end with exec/)
})

test('what lies in bin/ is understood', () => {
  const root = join(import.meta.dirname, '..', '..')
  const agent = programs(root).find((program) => program.name === 'flume')!
  expect(agent.main).toBe('agent/main.ts')
  expect(agent.flags.length).toBeGreaterThan(0)
  const text = readFileSync(join(root, 'bin', 'flume'), 'utf8')
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
    const text = launcher(shell).replace(NODE, process.execPath)
    writeFileSync(program, text, { mode: 0o755 })
    const run = (env: NodeJS.ProcessEnv): [string[], string[], Record<string, string>] => {
      const output = execFileSync(program, ['run', '-f', 'a b'], { env, encoding: 'utf8' })
      return JSON.parse(output) as [string[], string[], Record<string, string>]
    }
    const [flags, args, env] = run({ A: '1' })
    expect(flags).toEqual(['--no-warnings', '--max-semi-space-size=4', '--stack-trace-limit=7'])
    expect(args).toEqual(['run', '-f', 'a b'])
    expect(env).toMatchObject({ A: '1', POOL_SIZE: '64' })
    expect(run({ POOL_SIZE: '8' })[2]['POOL_SIZE']).toBe('8')
  } finally {
    rmSync(folder, { recursive: true })
  }
})
