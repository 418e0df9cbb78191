import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { addLibraries, productionPackages } from './libraries.ts'
import type { Tree } from './tree.ts'

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'flume-libraries-'))
})
afterEach(() => {
  rmSync(root, { recursive: true })
})

const lock = {
  packages: {
    '': { version: '0.1.0' },
    'node_modules/a': { version: '1.0.0' },
    'node_modules/a/node_modules/b': { version: '2.0.0' },
    'node_modules/vitest': { version: '5.0.0', dev: true },
    'node_modules/@types/a': { version: '1.0.0' },
  },
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), text)
}

test('what is for development, and types, are no libraries', () => {
  expect(productionPackages(lock)).toEqual(['node_modules/a', 'node_modules/a/node_modules/b'])
})

test('only what is loaded goes along, and licences', () => {
  write('package-lock.json', JSON.stringify(lock))
  write('node_modules/a/package.json', '{"version":"1.0.0"}')
  for (const name of ['index.js', 'index.d.ts', 'index.js.map', 'README.md', 'LICENSE']) {
    write(`node_modules/a/${name}`, '')
  }
  write('node_modules/a/node_modules/b/package.json', '{"version":"2.0.0"}')
  const tree: Tree = new Map()
  addLibraries(tree, root, 'opt')
  const files = [...tree].filter(([, node]) => node.type === 'file').map(([path]) => path)
  expect(files.sort()).toEqual([
    'opt/node_modules/a/LICENSE',
    'opt/node_modules/a/index.js',
    'opt/node_modules/a/node_modules/b/package.json',
    'opt/node_modules/a/package.json',
  ])
})

test('what is installed has to be what is locked', () => {
  write('package-lock.json', JSON.stringify(lock))
  write('node_modules/a/package.json', '{"version":"0.9.0"}')
  expect(() => addLibraries(new Map(), root, 'opt')).toThrow(
    /node_modules\/a is 0\.9\.0, not 1\.0\.0: run "npm ci"/,
  )
})
