import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, realpath, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { locatePlugin } from './location.ts'

let root: string
let plugins: string

beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'plugins-')))
  plugins = join(root, 'plugins')
  await mkdir(join(plugins, 'deep'), { recursive: true })
  await writeFile(join(plugins, 'a.js'), 'a')
})

afterEach(() => rm(root, { recursive: true }))

const problem = (module: string, directory = plugins) =>
  locatePlugin(module, directory).then(
    () => 'found',
    (error: Error) => error.message.replace(/^.*cannot be used: /, ''),
  )

describe('the file of a plugin', () => {
  test('is found, with the hash of its content', async () => {
    const sha256 = createHash('sha256').update('a').digest('hex')
    expect(await locatePlugin('a.js', plugins)).toEqual({ file: join(plugins, 'a.js'), sha256 })
    await writeFile(join(plugins, 'deep', 'b.mjs'), 'b')
    expect(await locatePlugin('deep/b.mjs', plugins)).toMatchObject({
      file: join(plugins, 'deep', 'b.mjs'),
    })
  })

  test('may be a link within the directory, as in a mounted ConfigMap', async () => {
    await mkdir(join(plugins, '..2026'))
    await writeFile(join(plugins, '..2026', 'c.js'), 'c')
    await symlink('..2026', join(plugins, '..data'))
    await symlink('..data/c.js', join(plugins, 'c.js'))
    expect(await locatePlugin('c.js', plugins)).toMatchObject({
      file: join(plugins, '..2026', 'c.js'),
    })
    await symlink('plugins', join(root, 'linked'))
    expect(await problem('c.js', join(root, 'linked'))).toBe('found')
  })

  test('is no link to elsewhere', async () => {
    await writeFile(join(root, 'evil.js'), '')
    await symlink('../evil.js', join(plugins, 'evil.js'))
    expect(await problem('evil.js')).toBe(
      `it is a link to ${root}/evil.js, outside of the directory. Put the file itself there`,
    )
    // A neighbour whose name begins as the directory's does.
    await mkdir(join(root, 'plugins-2'))
    await writeFile(join(root, 'plugins-2', 'n.js'), '')
    await symlink('../plugins-2/n.js', join(plugins, 'n.js'))
    expect(await problem('n.js')).toContain('outside of the directory')
  })

  test('that is missing is told from a directory that is', async () => {
    expect(await problem('none.js')).toBe('there is no such file; there is a.js')
    expect(await problem('none.js', join(plugins, 'deep'))).toBe(
      'there is no such file. Put it there, or name another directory with --plugins-dir',
    )
    expect(await problem('none.js', join(root, 'no'))).toBe(
      'the directory does not exist. Make it, or name another one with --plugins-dir',
    )
    expect(await problem('a.js/b.js')).toContain('the file cannot be read: ENOTDIR')
  })

  test('is a file, of a size that a person could have written', async () => {
    await mkdir(join(plugins, 'dir.js'))
    expect(await problem('dir.js')).toBe('it is no file')
    await truncate(join(plugins, 'a.js'), 9 * 2 ** 20)
    expect(await problem('a.js')).toContain('at most 8388608 are loaded')
  })
})
