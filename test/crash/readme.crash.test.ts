import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { flume, until } from './child.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')

test('the steps of the README lead from an own log file to delivered lines', async () => {
  const cwd = mkdtempSync(join(tmpdir(), 'flume-readme-'))
  const log = (name: string): string => join(cwd, `${name}.txt`)
  writeFileSync(join(cwd, 'my-flow.yaml'), /^```yaml\n([\s\S]*?)^```/m.exec(readme)![1]!)
  const validate = flume(['validate', '-f', 'my-flow.yaml'], log('validate'), cwd)
  expect(await validate.ended, validate.log()).toBe(0)

  const agent = flume(['run', '-f', 'my-flow.yaml', '--admin', '127.0.0.1:0'], log('run'), cwd)
  try {
    appendFileSync(join(cwd, 'my-app.log'), 'hello\n')
    const shipped = (): string =>
      readdirSync(join(cwd, 'out'))
        .map((name) => readFileSync(join(cwd, 'out', name), 'utf8'))
        .join('')
    await until(
      () => (readdirSync(cwd).includes('out') && shipped() === 'hello\n' ? true : undefined),
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
  rmSync(cwd, { recursive: true })
})
