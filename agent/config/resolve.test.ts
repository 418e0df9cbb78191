import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { loadAgents, loadConfiguration } from './load.ts'
import { pluginsDirectoryOf } from './resolve.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'resolve-'))
  mkdirSync(join(directory, 'plugins-x'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const PLUGIN = `
export const schema = { '~standard': { validate: (value) => 'bad' in value
  ? { issues: [{ path: ['bad'], message: 'no' }] } : { value } } }
export const create = () => (event) => event
`

const flow = (name: string, module: string, config = '{}') => `
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: ${name} }
spec:
  sources:
    - name: in
      seq: {}
      interceptors:
        - static: { key: a, value: b }
        - custom:
            module: ${module}
            config: ${config}
  channels: [{ name: main, file: {} }, { name: dead, file: {} }]
  deadLetterChannel: dead
  sinks: [{ name: out, channel: main, null: {} }, { name: rest, channel: dead, null: {} }]
---
`

function write(text: string, plugin = PLUGIN): string {
  writeFileSync(join(directory, 'flows.yaml'), text)
  writeFileSync(join(directory, 'plugins-x', 'p.js'), plugin)
  return join(directory, 'flows.yaml')
}

const options = () => ({ pluginsDirectory: join(directory, 'plugins-x') })

async function planned(text: string, plugin?: string) {
  const { plan, problems } = await loadConfiguration([write(text, plugin)], options())
  expect(problems).toEqual([])
  return plan!.flows[0]!
}

describe('plugins in manifests', () => {
  it('become part of the plan by their content', async () => {
    const one = await planned(flow('web', 'p.js'))
    expect(one.sources[0]!.interceptors[1]!.config).toMatchObject({
      module: 'p.js',
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      deterministic: false,
    })
    const other = await planned(flow('web', 'p.js'), `${PLUGIN}// changed`)
    expect(other.hash).not.toBe(one.hash)
    expect((await planned(flow('web', 'p.js'))).hash).toBe(one.hash)
  })

  it('that declare nothing are not trusted to decide the same again', async () => {
    expect((await planned(flow('web', 'p.js'))).sources[0]!.routing).toBe('')
    const sure = `${PLUGIN}export const deterministic = true`
    const one = (await planned(flow('web', 'p.js'), sure)).sources[0]!.routing
    expect(one).toMatch(/^[0-9a-f]{16}$/)
    const other = (await planned(flow('web', 'p.js'), `${sure}\n`)).sources[0]!.routing
    expect(other).toMatch(/^[0-9a-f]{16}$/)
    expect(other).not.toBe(one)
  })

  it('that are wrong are problems at the lines that name them, of their agents alone', async () => {
    const file = write(
      `${flow('web', 'none.js')}${flow('api', 'p.js', '{ bad: 1 }')}${flow('ok', 'p.js')}`,
    )
    const { problems } = await loadAgents([file], options())
    expect(problems).toEqual([
      expect.objectContaining({
        code: 'FLM1401',
        file,
        line: 12,
        path: 'spec.sources[0].interceptors[1].custom.module',
      }),
      expect.objectContaining({
        code: 'FLM1402',
        file,
        line: 30,
        path: 'spec.sources[0].interceptors[1].custom.config.bad',
        message: 'the plugin p.js refuses this: no',
      }),
    ])
    // What the others name may not be on this machine.
    const only = await loadConfiguration([file], { ...options(), agent: 'ok' })
    expect(only.problems).toEqual([])
    expect(only.plan?.flows).toHaveLength(1)
  })
})

describe('pluginsDirectoryOf', () => {
  it('is the given one, else beside the first manifest', () => {
    writeFileSync(join(directory, 'a.yaml'), '')
    expect(pluginsDirectoryOf([directory], '/given')).toBe('/given')
    expect(pluginsDirectoryOf([directory, '/other'], undefined)).toBe(join(directory, 'plugins'))
    const file = join(directory, 'a.yaml')
    expect(pluginsDirectoryOf([file], undefined)).toBe(join(directory, 'plugins'))
    expect(pluginsDirectoryOf(['-'], undefined)).toBe(join(process.cwd(), 'plugins'))
  })
})
