import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/**
 * Files as they go into a layer: path without a leading slash → what is there. Owner, times and order
 * are not part of it: all belong to root, are as old as the epoch, and are written in order of their
 * paths, so that the same files make the same bytes.
 */
export type Tree = Map<string, Node>

export type Node =
  | { readonly type: 'directory'; readonly mode: number }
  | { readonly type: 'link'; readonly target: string }
  | { readonly type: 'file'; readonly mode: number; readonly content: () => Buffer }

const DIRECTORY_MODE = 0o755

export function addFile(tree: Tree, path: string, content: string | Buffer, mode = 0o644): void {
  const bytes = Buffer.from(content)
  addNode(tree, path, { type: 'file', mode, content: () => bytes })
}

export function addDirectory(tree: Tree, path: string, mode = DIRECTORY_MODE): void {
  addNode(tree, path, { type: 'directory', mode })
}

export function addLink(tree: Tree, path: string, target: string): void {
  addNode(tree, path, { type: 'link', target })
}

/** With the directories above it. */
export function addNode(tree: Tree, path: string, node: Node): void {
  const parts = path.split('/')
  for (let depth = 1; depth < parts.length; depth += 1) {
    const above = parts.slice(0, depth).join('/')
    if (!tree.has(above)) tree.set(above, { type: 'directory', mode: DIRECTORY_MODE })
  }
  tree.set(path, node)
}

/**
 * Adds what is below a folder of the disk as `prefix/…`, where `wanted` (given paths below the folder)
 * says yes; of files, only who may execute them is kept.
 */
export function addFolder(
  tree: Tree,
  { folder, prefix }: { readonly folder: string; readonly prefix: string },
  wanted: (path: string) => boolean = () => true,
): void {
  for (const path of walk(folder, '')) {
    if (!wanted(path)) continue
    const from = join(folder, path)
    const to = prefix === '' ? path : `${prefix}/${path}`
    const stat = lstatSync(from)
    if (stat.isSymbolicLink()) addLink(tree, to, readlinkSync(from))
    else if (stat.isFile()) {
      addFile(tree, to, readFileSync(from), (stat.mode & 0o111) === 0 ? 0o644 : 0o755)
    }
  }
}

/** Everything below a folder but the folders themselves. */
function* walk(folder: string, path: string): Generator<string> {
  for (const entry of readdirSync(join(folder, path), { withFileTypes: true })) {
    const below = path === '' ? entry.name : `${path}/${entry.name}`
    if (entry.isDirectory()) yield* walk(folder, below)
    else yield below
  }
}

/** Writes a tree into an empty folder of the disk. */
export function writeTree(tree: Tree, folder: string): void {
  mkdirSync(folder, { recursive: true })
  for (const path of [...tree.keys()].sort()) {
    const to = join(folder, path)
    const node = tree.get(path)!
    if (node.type === 'link') symlinkSync(node.target, to)
    else {
      if (node.type === 'directory') mkdirSync(to, { recursive: true })
      else writeFileSync(to, node.content())
      chmodSync(to, node.mode)
    }
  }
}
