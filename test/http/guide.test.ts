import { execFile, spawnSync } from 'node:child_process'
import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ROOT, Workbench, until } from '../cli/flume.ts'
import { notRun } from '../not-run.ts'

const guide = readFileSync(join(ROOT, 'docs', 'guides', 'http.md'), 'utf8')

/** Each command of the guide and what it prints. */
const steps = [...guide.matchAll(/^```bash\n([^]*?)^```\n\n```text\n([^]*?)^```/gm)].map(
  ([, command, output]) => ({ command: command!, output: output! }),
)

const DELIVERED = ['first', 'second', '1.50']

const hasCurl = spawnSync('curl', ['--version']).status === 0
const run = promisify(execFile)
let bench: Workbench
let port: number

beforeAll(async () => {
  bench = new Workbench()
  const manifest = bench.path('flow.yaml')
  const text = /^```yaml\n([^]*?)^```/m.exec(guide)![1]!
  writeFileSync(
    manifest,
    text.replace('port: 8080', 'port: 0').replace('/var/lib', bench.directory),
  )
  const agent = bench.run(manifest)
  const listens = await agent.logged(/"port":(\d+),"msg":"http source listens"/)
  port = Number(listens[1])
})

afterAll(() => bench.clean())

describe('the guide to HTTP', () => {
  test('every command has its output', () => {
    expect(steps).toHaveLength(guide.match(/^```bash$/gm)!.length)
    expect(steps.length).toBeGreaterThan(3)
  })

  test.for(steps)('$command', async ({ command, output }, context) => {
    if (!hasCurl)
      notRun(context, { what: 'docs/guides/http.md', why: 'no curl', cure: 'install curl' })
    const { stdout, stderr } = await run('bash', ['-c', command.replaceAll(':8080', `:${port}`)])
    expect(stderr + stdout).toBe(output)
  })

  test('what was answered 200 is delivered', async (context) => {
    if (!hasCurl)
      notRun(context, { what: 'docs/guides/http.md', why: 'no curl', cure: 'install curl' })
    await until('the events in the file', () => {
      const files = readdirSync(bench.directory).includes('web')
        ? readdirSync(bench.path('web'))
        : []
      const text = files.map((file) => bench.read('web', file)).join('')
      return text === DELIVERED.map((line) => `${line}\n`).join('') ? true : undefined
    })
  })
})
