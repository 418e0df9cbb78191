import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { HOME } from './application.ts'
import type { Program } from './application.ts'
import { isCompiled, relocated } from './cache-entry.ts'
import { addFile, writeTree } from './tree.ts'
import type { Tree } from './tree.ts'

/**
 * Node's compile cache with the sources stripped of their types, so that no program in the image loads
 * the stripper: 23 MB less memory for an agent, and half the time to start. The compiled code that Node
 * caches too stays out: it is another one each time, as its hashes are random, and saves no memory.
 */

/** In the image, from its root. */
const CACHE = `${HOME}/compile-cache`

/** Paths in the cache are relative to it, so that it can be made elsewhere. */
const PORTABLE = { NODE_COMPILE_CACHE_PORTABLE: '1' }

/** What programs in the image need to find it. */
export const CACHE_VARIABLES: Readonly<Record<string, string>> = {
  NODE_COMPILE_CACHE: `/${CACHE}`,
  ...PORTABLE,
}

/** Adds the cache for programs whose sources and libraries are in the trees. */
export function addStripped(tree: Tree, trees: readonly Tree[], list: readonly Program[]): void {
  const scratch = mkdtempSync(join(tmpdir(), 'flume-stripped-'))
  try {
    for (const each of trees) writeTree(each, scratch)
    const sources = [...tree.keys()].filter((path) => path.startsWith(HOME) && path.endsWith('.ts'))
    for (const program of list) fill(program, scratch, sources)
    for (const path of readdirSync(join(scratch, CACHE), { recursive: true, encoding: 'utf8' })) {
      addEntry(tree, scratch, path)
    }
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

/** A path of the cache: a file in the folder for a version of Node and its flags, or that folder. */
function addEntry(tree: Tree, scratch: string, path: string): void {
  if (!path.includes('/')) return
  const entry = readFileSync(join(scratch, CACHE, path))
  if (!isCompiled(entry)) addFile(tree, `${CACHE}/${path}`, relocated(entry, scratch, ''))
}

/**
 * Imports every source but the programs under this one's own flags, which are part of the cache's key, and
 * then starts it.
 */
function fill({ main, flags }: Program, scratch: string, sources: readonly string[]): void {
  const files = sources.filter((path) => !path.endsWith('/main.ts')).sort()
  const importer = join(scratch, 'import-all.mjs')
  const paths = files.map((path) => join(scratch, path))
  writeFileSync(importer, `for (const file of ${JSON.stringify(paths)}) await import(file)\n`)
  const env = { ...process.env, ...PORTABLE, NODE_COMPILE_CACHE: join(scratch, CACHE) }
  execFileSync(process.execPath, [...flags, importer], {
    env,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const program = [...flags, join(scratch, HOME, main), '--help']
  const { status, stderr } = spawnSync(process.execPath, program, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${main} --help ended with ${status}:\n${stderr}`)
}
