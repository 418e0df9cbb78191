import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImageConfig } from './archive.ts'
import { HOME, addApplication, programs } from './application.ts'
import { C_PACKAGES, addPackages, addSystemFiles, downloadPackages } from './debian.ts'
import { withoutSymbols } from './elf.ts'
import { NODE } from './launcher.ts'
import { addLibraries } from './libraries.ts'
import { CACHE_VARIABLES, addStripped } from './stripped.ts'
import { addFile } from './tree.ts'
import type { Tree } from './tree.ts'

/**
 * The product's image, from what changes least to what changes most. It holds Node, the C libraries that it
 * is linked to, and the project: no shell and no package manager, so that whoever gets into a container finds
 * no tools there, and scanners little to complain about. `kubectl debug` brings tools when they are needed.
 */

/** A user that no other image or host knows, as in distroless images. */
export const USER_ID = 65_532

export interface NamedLayer {
  readonly name: string
  readonly about: string
  readonly tree: Tree
}

/** The layers for a checkout with its libraries installed. */
export function productLayers(root: string): NamedLayer[] {
  const [node, libraries, application]: [Tree, Tree, Tree] = [new Map(), new Map(), new Map()]
  const binary = join(root, 'node_modules', 'node', 'bin', 'node')
  addFile(node, NODE.slice(1), withoutSymbols(readFileSync(binary)), 0o755)
  addFile(node, 'usr/share/doc/node/LICENSE', readFileSync(nodeLicence(root)))
  addLibraries(libraries, root, HOME)
  addApplication(application, root)
  addStripped(application, [libraries, application], programs(root))
  return [
    { name: 'base', about: 'libc and libstdc++ of Debian, users, folders', tree: base() },
    { name: 'node', about: 'Node.js', tree: node },
    { name: 'libraries', about: 'npm packages', tree: libraries },
    { name: 'application', about: 'flume-operator', tree: application },
  ]
}

function nodeLicence(root: string): string {
  const folder = join(root, 'node_modules', 'node', 'node_modules', `node-linux-${process.arch}`)
  return join(folder, 'LICENSE')
}

function base(): Tree {
  const scratch = mkdtempSync(join(tmpdir(), 'flume-base-'))
  const tree: Tree = new Map()
  try {
    addPackages(tree, downloadPackages(C_PACKAGES, scratch), scratch)
    addSystemFiles(tree, [
      { name: 'root', id: 0, home: '/' },
      { name: 'nonroot', id: USER_ID, home: '/' },
    ])
    return tree
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

export function productConfig(root: string): ImageConfig {
  const { version, license, description } = JSON.parse(
    readFileSync(join(root, 'package.json'), 'utf8'),
  ) as Record<string, string>
  return {
    User: `${USER_ID}:${USER_ID}`,
    Env: [
      `PATH=/${HOME}/bin:/usr/local/bin`,
      ...Object.entries(CACHE_VARIABLES).map(([name, value]) => `${name}=${value}`),
    ],
    Entrypoint: [`/${HOME}/bin/flume`],
    Cmd: ['--help'],
    WorkingDir: '/',
    Labels: {
      'org.opencontainers.image.title': 'flume-operator',
      'org.opencontainers.image.description': description!,
      'org.opencontainers.image.licenses': license!,
      'org.opencontainers.image.version': version!,
    },
  }
}
