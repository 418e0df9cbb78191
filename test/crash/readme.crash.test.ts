import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { manifestFolder } from '../../examples/quickstart/manifests.ts'
import { flume, processesIn, until } from './child.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

let cwd: string
const log = (name: string): string => join(cwd, `${name}.txt`)
beforeEach(() => {
  cwd = mkdtempSync(join(tmpdir(), 'flume-readme-'))
})
afterEach(() => rmSync(cwd, { recursive: true }))

/** What is in the files of `out`. */
function shipped(): string {
  if (!readdirSync(cwd).includes('out')) return ''
  return readdirSync(join(cwd, 'out'))
    .map((name) => readFileSync(join(cwd, 'out', name), 'utf8'))
    .join('')
}

test('the steps of the README lead from an own log file to delivered lines', async () => {
  writeFileSync(join(cwd, 'my-flow.yaml'), /^```yaml\n([\s\S]*?)^```/m.exec(readme)![1]!)
  const validate = flume(['validate', '-f', 'my-flow.yaml'], log('validate'), cwd)
  expect(await validate.ended, validate.log()).toBe(0)

  const agent = flume(['run', '-f', 'my-flow.yaml', '--admin', '127.0.0.1:0'], log('run'), cwd)
  try {
    appendFileSync(join(cwd, 'my-app.log'), 'hello\n')
    await until(
      () => (shipped() === 'hello\n' ? true : undefined),
      20_000,
      () => agent.log(),
    )
    const status = flume(['status'], log('status'), cwd)
    expect(await status.ended, status.log()).toBe(0)
    expect(status.log()).toContain('my-flow')
  } finally {
    agent.kill('SIGTERM')
  }
  expect(await agent.ended, agent.log()).toBe(0)
})

test('the agents of the README hand a line from one to another and stop in order', async () => {
  expect(readme).toContain(
    'mkdir -p logs && echo hello >> logs/access.log\nbin/flume up -f examples/quickstart',
  )
  mkdirSync(join(cwd, 'logs'))
  appendFileSync(join(cwd, 'logs', 'access.log'), 'hello\n')
  const up = flume(['up', '-f', await manifestFolder(cwd)], log('up'), cwd)
  try {
    await until(
      () => (shipped() === 'hello\n' ? true : undefined),
      20_000,
      () => up.log(),
    )
  } finally {
    up.kill('SIGINT')
  }
  expect(await up.ended, up.log()).toBe(0)
  expect(readdirSync(join(cwd, 'flume-data')).sort()).toEqual(
    expect.arrayContaining(['edge-0', 'hub-0', 'hub-1', 'logs', 'up.json']),
  )
  expect(processesIn(cwd)).toEqual([])
})
