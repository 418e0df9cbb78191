import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { validate } from './validate.ts'
import type { ValidateOptions } from './validate.ts'

const TESTDATA = join(import.meta.dirname, '..', 'config', 'testdata')
const FIVE = join(TESTDATA, 'five-mistakes.yaml')
const FULL = join(TESTDATA, 'full.yaml')

async function run(options: ValidateOptions) {
  let stdout = ''
  let stderr = ''
  const code = await validate(options, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  })
  return { code, stdout, stderr: stderr.replaceAll(`${TESTDATA}/`, '') }
}

describe('validate', () => {
  it('lists the agents and flows of valid input', async () => {
    expect(await run({ files: [FULL] })).toEqual({
      code: 0,
      stdout: 'agent hub, 3 replicas: flows web-logs\nvalid\n',
      stderr: '',
    })
  })

  it('prints what was skipped, each mistake and their number, and gives 2', async () => {
    const { code, stdout, stderr } = await run({ files: [FIVE] })
    expect([code, stdout]).toEqual([2, ''])
    const lines = stderr.trimEnd().split('\n')
    expect(lines).toHaveLength(7)
    expect(lines[0]).toBe('five-mistakes.yaml:2: kind Deployment of apps/v1 is not ours: skipped')
    expect(lines.at(-1)).toBe('5 errors')
  })

  it('checks the agent that is asked for', async () => {
    expect((await run({ files: [FULL], agent: 'hub' })).code).toBe(0)
    const { code, stderr } = await run({ files: [FULL], agent: 'hubb' })
    expect(code).toBe(2)
    expect(stderr).toContain('FLM1306 the input defines no agent "hubb". Did you mean "hub"?')
  })

  it('gives JSON', async () => {
    const good = await run({ files: [FULL], output: 'json' })
    expect(JSON.parse(good.stdout)).toEqual({
      valid: true,
      problems: [],
      notes: [],
      agents: [{ name: 'hub', replicas: 3, flows: ['web-logs'] }],
    })
    const bad = await run({ files: [FIVE], output: 'json' })
    expect([bad.code, bad.stderr]).toEqual([2, ''])
    const { valid, problems } = JSON.parse(bad.stdout) as { valid: boolean; problems: object[] }
    expect(valid).toBe(false)
    expect(problems).toHaveLength(5)
    expect(problems[3]).toEqual({
      code: 'FLM1203',
      file: FIVE,
      line: 25,
      path: 'spec.sinks[0].fiel',
      message: 'unknown key. Did you mean "file"?',
    })
  })
})
