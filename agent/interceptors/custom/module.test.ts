import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locatePlugin } from './location.ts'
import { lineIn, loadPlugin, within } from './module.ts'

let directory: string

beforeEach(async () => {
  directory = await realpath(await mkdtemp(join(tmpdir(), 'plugin-')))
})

afterEach(() => rm(directory, { recursive: true }))

const SCHEMA = `export const schema = { '~standard': { validate: (value) => ({ value }) } }\n`
const WHOLE = `${SCHEMA}export const create = () => (event) => event\n`

async function load(text: string, module = 'p.js') {
  await writeFile(join(directory, module), text)
  return loadPlugin(await locatePlugin(module, directory), { module, directory })
}

const problem = (text: string, module?: string) =>
  load(text, module).then(
    () => 'loaded',
    (error: Error) => error.message.replace(/^.*cannot be used: /, ''),
  )

describe('a plugin module', () => {
  test('is loaded once for each content', async () => {
    const first = await load(WHOLE)
    expect(first.deterministic).toBe(false)
    expect(await load(WHOLE)).toBe(first)
    const second = await load(`${WHOLE}export const deterministic = true\n`)
    expect(second).not.toBe(first)
    expect(second.deterministic).toBe(true)
  })

  test('may be written in TypeScript', async () => {
    expect(await problem(`${WHOLE}export const x: number = 1\n`, 'p.ts')).toBe('loaded')
  })

  test.each([
    ['export const a = (', 'it has a syntax error: .*See where with: node --check .*p.js'],
    ['export const a = 1\nthrow new Error("no key")', 'while it is loaded, on line 2: no key'],
    ['import "./none.js"', 'Cannot find .*none.js'],
    ['module.exports = {}', 'it is a CommonJS module'],
    ['export const create = () => {}', 'does not export "schema"'],
    ['export const schema = { "~standard": {} }', 'does not export "schema"'],
    [SCHEMA, 'does not export "create"'],
    [`${WHOLE}export const deterministic = 1`, '"deterministic" is neither true nor false'],
  ])('%j is refused', async (text, message) => {
    expect(await problem(text)).toMatch(new RegExp(message))
  })

  test('that failed is loaded again, for what it needs may be there now', async () => {
    const text = `import './helper.js'\n${WHOLE}`
    expect(await problem(text)).toContain('helper.js')
    await writeFile(join(directory, 'helper.js'), '')
    expect(await problem(text)).toBe('loaded')
  })

  test('that has another content than was found is not taken for it', async () => {
    const module = 'p.js'
    await writeFile(join(directory, module), WHOLE)
    const location = await locatePlugin(module, directory)
    await writeFile(join(directory, module), `// another one\n${WHOLE}`)
    await expect(loadPlugin(location, { module, directory })).rejects.toThrow(
      'it changed while it was loaded',
    )
  })
})

test('a result is waited for, and its failure passed on', async () => {
  expect(await within(1, 'at all')).toBe(1)
  expect(await within(Promise.resolve(2), 'at all')).toBe(2)
  await expect(within(Promise.reject(new Error('no')), 'at all')).rejects.toThrow('no')
})

test('the line of an error is that in the module', () => {
  const error = new Error('x')
  error.stack =
    'Error: x\n  at node:fs:1:1\n  at f (file:///p/a.js?sha256=0:12:5)\n  at file:///p/a.js:3:1'
  expect(lineIn(error, '/p/a.js')).toBe('12')
  expect(lineIn(error, '/p/b.js')).toBeUndefined()
  expect(lineIn('text', '/p/a.js')).toBeUndefined()
})
