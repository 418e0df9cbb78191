import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locatePlugin } from './location.ts'
import { ConfigRefused, kindOf, makePlugin } from './plugin.ts'

let directory: string

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'plugin-')))
})

afterEach(() => rm(directory, { recursive: true }))

const silence = (): void => {}
const log = { debug: silence, info: silence, warn: silence, error: silence }
const context = { flow: 'f', source: 'in', log }

interface Parts {
  readonly validate?: string
  readonly create?: string
}

async function make({
  validate = '(value) => ({ value })',
  create = '() => (event) => event',
}: Parts) {
  const module = 'p.js'
  const text = `export const schema = { '~standard': { validate: ${validate} } }\nexport const create = ${create}\n`
  await writeFile(join(directory, module), text)
  const config = { module, config: { keep: 4 } }
  return makePlugin(config, await locatePlugin(module, directory), { directory, context })
}

const event = { headers: {}, body: Buffer.from('b') }

describe('a plugin is made', () => {
  test('with what its schema makes of the configuration, and the context', async () => {
    const { intercept } = await make({
      validate: '({ keep }) => ({ value: { keep: keep * 2 } })',
      create: '(config, { flow, source }) => () => [config.keep, flow, source]',
    })
    expect(intercept(event)).toEqual([8, 'f', 'in'])
  })

  test('by functions that may take their time', async () => {
    const { intercept } = await make({
      validate: 'async (value) => ({ value })',
      create: 'async ({ keep }) => () => keep',
    })
    expect(intercept(event)).toBe(4)
  })

  test.each([
    [{ validate: '() => { throw new Error("broken") }' }, 'its "schema" fails: broken'],
    [{ validate: '() => true' }, '"validate" returns a boolean'],
    [{ create: '() => { throw new Error("no key") }' }, 'its "create" fails on line 2: no key'],
    [{ create: 'async () => { throw "late" }' }, 'its "create" fails: late'],
    [{ create: '() => ({})' }, 'returns no function of an event, but an object'],
    [{ create: '() => async () => {}' }, 'is async. Events do not wait'],
  ])('%#: or not', async (parts, message) => {
    await expect(make(parts)).rejects.toThrow(message)
    await expect(make(parts)).rejects.toMatchObject({ code: 'FLM1401' })
  })

  test('but not with a configuration that its schema refuses', async () => {
    const issues = `[
      { message: 'too many', path: ['keep'] },
      { message: 'no text', path: [{ key: 'names' }, 2] },
      { message: 'all of it' },
    ]`
    const refused = await make({ validate: `() => ({ issues: ${issues} })` }).catch(
      (error: unknown) => error,
    )
    expect(refused).toBeInstanceOf(ConfigRefused)
    expect(refused).toMatchObject({
      code: 'FLM1402',
      message: 'the plugin p.js refuses config.keep: too many',
      issues: [
        { path: ['keep'], message: 'too many' },
        { path: ['names', 2], message: 'no text' },
        { path: [], message: 'all of it' },
      ],
    })
  })

  test('however many issues there are, some are told', async () => {
    const many = 'Array.from({ length: 1000 }, () => ({ message: "bad" }))'
    await expect(make({ validate: `() => ({ issues: ${many} })` })).rejects.toMatchObject({
      issues: { length: 20 },
    })
    await expect(make({ validate: '() => ({ issues: [] })' })).rejects.toThrow('it is not valid')
  })
})

test.each([
  [null, 'null'],
  [undefined, 'nothing'],
  [[], 'a list'],
  [Promise.resolve(), 'a promise'],
  [{}, 'an object'],
  ['x', 'a string'],
])('%#: a value is named in words', (value, name) => {
  expect(kindOf(value)).toBe(name)
})
