import { execFileSync } from 'node:child_process'
import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { tar } from './tar.ts'
import { addDirectory, addFile, addLink, writeTree } from './tree.ts'
import type { Tree } from './tree.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-tar-'))
})
afterEach(() => {
  rmSync(folder, { recursive: true })
})

const longName = `${'deep/'.repeat(50)}größe.txt`

function sample(): Tree {
  const tree: Tree = new Map()
  addFile(tree, longName, 'far down')
  addFile(tree, 'bin/run', 'x'.repeat(1000), 0o755)
  addFile(tree, 'empty', '')
  addLink(tree, 'bin/also', `../${'up/'.repeat(40)}run`)
  addDirectory(tree, 'tmp', 0o1777)
  return tree
}

test('tar of the system reads what is written: names, contents, modes, links', () => {
  const archive = join(folder, 'a.tar')
  writeFileSync(archive, Buffer.concat([...tar(sample())]))
  const out = join(folder, 'out')
  execFileSync('mkdir', [out])
  execFileSync('tar', ['--extract', '--preserve-permissions', '--file', archive], { cwd: out })
  expect(readFileSync(join(out, longName), 'utf8')).toBe('far down')
  expect(readFileSync(join(out, 'bin/run'), 'utf8')).toBe('x'.repeat(1000))
  expect(lstatSync(join(out, 'bin/run')).mode & 0o7777).toBe(0o755)
  expect(lstatSync(join(out, 'tmp')).mode & 0o7777).toBe(0o1777)
  expect(readlinkSync(join(out, 'bin/also'))).toBe(`../${'up/'.repeat(40)}run`)
  expect(lstatSync(join(out, 'empty')).size).toBe(0)
})

test('owner and time of everything are those of nobody and no time', () => {
  const archive = join(folder, 'a.tar')
  writeFileSync(archive, Buffer.concat([...tar(sample())]))
  const list = execFileSync('tar', ['-tvf', archive, '--numeric-owner', '--utc'], {
    encoding: 'utf8',
  })
  const lines = list.trim().split('\n')
  expect(lines.every((line) => /^\S+ 0\/0 +\d+ 1970-01-01 00:00 /.test(line))).toBe(true)
})

test('the order in which files were added does not matter', () => {
  const turned: Tree = new Map([...sample()].toReversed())
  expect(Buffer.concat([...tar(turned)]).equals(Buffer.concat([...tar(sample())]))).toBe(true)
})

test('a tree on the disk has the same modes', () => {
  writeTree(sample(), join(folder, 'tree'))
  expect(lstatSync(join(folder, 'tree', 'tmp')).mode & 0o7777).toBe(0o1777)
  expect(lstatSync(join(folder, 'tree', 'bin/run')).mode & 0o777).toBe(0o755)
})
