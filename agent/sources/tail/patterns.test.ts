import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, relative } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FilePatterns } from './patterns.ts'

let root: string
beforeEach(() => {
  root = fs.mkdtempSync(join(tmpdir(), 'patterns-'))
  for (const name of [
    'a.log',
    'b.log',
    'c.log.yyyy.MM-01',
    'c.log.yyyy.MM-02',
    'z.gz',
    '.h/x.log',
    'd/e/y.log',
    '.h/y.gz',
  ]) {
    fs.mkdirSync(dirname(join(root, name)), { recursive: true })
    fs.writeFileSync(join(root, name), '')
  }
})
afterEach(() => fs.rmSync(root, { recursive: true }))

const group = (name: string, ...files: string[]) => ({
  name,
  headers: {},
  files: files.map((each) => join(root, each)),
})
const names = async (patterns: FilePatterns): Promise<string[]> =>
  [...(await patterns.list(Date.now())).keys()].map((path) => relative(root, path))

test.for([
  ['[ab].log', ['a.log', 'b.log']],
  ['c.log.*', ['c.log.yyyy.MM-01', 'c.log.yyyy.MM-02']],
  ['{a,z}.*', ['a.log']],
  ['**/*.log', ['a.log', 'b.log', 'd/e/y.log']],
  ['d/?/y.log', ['d/e/y.log']],
  ['.h/*', ['.h/x.log']],
  ['nowhere/*.log', []],
] as const)('%s', async ([pattern, expected]) => {
  const patterns = new FilePatterns({ groups: [group('', pattern)], exclude: ['**/*.gz'] })
  expect(await names(patterns)).toEqual(expected)
})

test('relative patterns are taken from the working directory', async () => {
  const files = [relative(process.cwd(), join(root, 'a.log'))]
  const patterns = new FilePatterns({ groups: [{ name: '', headers: {}, files }], exclude: [] })
  expect(await names(patterns)).toEqual(['a.log'])
})

test('a path belongs to the first group that matches, whether the file is there or not', async () => {
  const patterns = new FilePatterns({
    groups: [group('one', 'a*'), group('two', '*.log')],
    exclude: [join(root, 'b*')],
  })
  const found = await patterns.list(Date.now())
  expect([...found].map(([path, { name }]) => [relative(root, path), name])).toEqual([
    ['a.log', 'one'],
  ])
  expect(patterns.groupOf(join(root, 'gone.log'))?.name).toBe('two')
  expect(patterns.groupOf(join(root, 'b.log'))).toBeUndefined()
  expect(patterns.groupOf('/elsewhere')).toBeUndefined()
})

test('new and removed files are noticed in a directory that was quiet for long', async () => {
  const long = Date.now() + 3600e3
  const patterns = new FilePatterns({ groups: [group('', '*.log')], exclude: [] })
  expect((await patterns.list(long)).size).toBe(2)
  expect((await patterns.list(long)).size).toBe(2)
  fs.writeFileSync(join(root, 'new.log'), '')
  expect((await patterns.list(long)).size).toBe(3)
  fs.unlinkSync(join(root, 'a.log'))
  expect((await patterns.list(long)).size).toBe(2)
})
