import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { SetupError } from '../setup/tool.ts'
import { addFolder } from './tree.ts'
import type { Tree } from './tree.ts'

/** Libraries that the product needs when it runs, as package-lock.json names them and npm installed them. */

interface LockFile {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

interface LockedPackage {
  readonly version?: string
  readonly dev?: boolean
}

/** What is loaded, and what a licence wants to be kept. Types, maps, sources and manuals stay behind. */
const WANTED = /\.(js|mjs|cjs|json|node|wasm)$|(^|\/)(licen[cs]e|notice|copying)[^/]*$/i

/** Types alone, whatever they are called. */
const TYPES = /^node_modules\/(@types\/|undici-types$)/

/** Paths of the packages, below the root of the project. */
export function productionPackages(lock: LockFile): string[] {
  return Object.entries(lock.packages)
    .filter(([path, { dev }]) => path !== '' && dev !== true && !TYPES.test(path))
    .map(([path]) => path)
    .sort()
}

/** Adds them below `prefix`; fails when what is installed is not what is locked. */
export function addLibraries(tree: Tree, root: string, prefix: string): void {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as LockFile
  for (const path of productionPackages(lock)) {
    const manifest = join(root, path, 'package.json')
    const installed = existsSync(manifest)
      ? (JSON.parse(readFileSync(manifest, 'utf8')) as LockedPackage).version
      : undefined
    const { version } = lock.packages[path]!
    if (installed !== version) {
      throw new SetupError(`${path} is ${installed ?? 'missing'}, not ${version}: run "npm ci"`)
    }
    const own = (file: string): boolean => !file.includes('node_modules/') && WANTED.test(file)
    addFolder(tree, { folder: join(root, path), prefix: `${prefix}/${path}` }, own)
  }
}
