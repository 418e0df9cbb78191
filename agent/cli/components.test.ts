import { describe, expect, it } from 'vitest'
import { catalog } from '../catalog.ts'
import { components } from './components.ts'
import type { ComponentsOptions } from './components.ts'

function run(options: ComponentsOptions) {
  let stdout = ''
  let stderr = ''
  const code = components(options, {
    stdout: (text) => (stdout += text),
    stderr: (text) => (stderr += text),
  })
  return { code, stdout, stderr }
}

describe('components', () => {
  it('lists all by kind, in lines that fit a terminal', () => {
    const { code, stdout } = run({})
    expect(code).toBe(0)
    for (const type of [...Object.keys(catalog.sources), ...Object.keys(catalog.interceptors)])
      expect(stdout).toMatch(new RegExp(`^  ${type} +[A-Z]`, 'm'))
    expect(Math.max(...stdout.split('\n').map((line) => line.length))).toBeLessThan(100)
  })

  it('shows fields, defaults and an example of those with that name', () => {
    const { code, stdout } = run({ name: 'file' })
    expect(code).toBe(0)
    expect(stdout).toContain('channel file\n')
    expect(stdout).toContain('sink file\n')
    expect(stdout).toContain('  directory: text, required\n')
    expect(stdout).toContain('  rollSize: size, default 128Mi\n')
    expect(stdout).toContain('  kind: FlumeFlow\n')
    expect(run({ name: 'null' }).stdout).toContain('Fields:\n  none\n')
  })

  it('shows one of a kind', () => {
    for (const name of ['sink/file', 'sinks/file']) {
      const { stdout } = run({ name })
      expect(stdout).toContain('sink file\n')
      expect(stdout).not.toContain('channel file\n')
    }
  })

  it('gives JSON', () => {
    const { stdout } = run({ name: 'seq', output: 'json' })
    expect(JSON.parse(stdout)).toMatchObject([
      { kind: 'source', type: 'seq', fields: [{ name: 'batchSize', default: 1 }, {}] },
    ])
  })

  it('says what is near an unknown name', () => {
    expect(run({ name: 'tial' })).toEqual({
      code: 2,
      stdout: '',
      stderr: 'there is no component "tial". Did you mean "tail"?\n',
    })
  })
})
