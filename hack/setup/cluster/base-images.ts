import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { writeArchive } from '../../image/archive.ts'
import { C_PACKAGES, addPackages, addSystemFiles, downloadPackages } from '../../image/debian.ts'
import { addFile, addLink } from '../../image/tree.ts'
import type { Tree } from '../../image/tree.ts'

/**
 * Images that every node starts with: `pause`, which holds the namespaces of a pod, and a small one
 * with a shell for helpers and tests.
 */
export const PAUSE_IMAGE = 'docker.io/flume-operator/pause:1'
export const SHELL_IMAGE = 'docker.io/flume-operator/shell:1'

/** Debian's `busybox`, which is linked to libc: the static one crashes when it looks up a name. */
const BASE_PACKAGES = [...C_PACKAGES, 'busybox']

/** The code that decides what is in them. */
const RECIPE = [
  'setup/cluster/base-images.ts',
  'image/archive.ts',
  'image/debian.ts',
  'image/tar.ts',
  'image/tree.ts',
]

/** Another hash is another archive. */
export function hashOfRecipe(): string {
  const hash = createHash('sha256')
  const hack = join(import.meta.dirname, '..', '..')
  for (const file of RECIPE) hash.update(readFileSync(join(hack, file)))
  return hash.digest('hex').slice(0, 12)
}

export function makeBaseImages({ output, pause }: { output: string; pause: string }): void {
  const scratch = mkdtempSync(join(tmpdir(), 'flume-images-'))
  try {
    const root: Tree = new Map()
    addPackages(root, downloadPackages(BASE_PACKAGES, scratch), scratch)
    addSystemFiles(root, [
      { name: 'root', id: 0, home: '/' },
      { name: 'nobody', id: 65534, home: '/' },
    ])
    for (const applet of applets(root, scratch)) {
      if (!root.has(`bin/${applet}`)) addLink(root, `bin/${applet}`, 'busybox')
    }
    const hold: Tree = new Map()
    addFile(hold, 'pause', readFileSync(pause), 0o755)
    writeArchive(output, [
      {
        name: PAUSE_IMAGE,
        layers: [{ about: 'pause', tree: hold }],
        config: { Entrypoint: ['/pause'], User: '65535:65535' },
      },
      {
        name: SHELL_IMAGE,
        layers: [{ about: 'busybox and libc of Debian', tree: root }],
        config: { Cmd: ['/bin/sh'], Env: ['PATH=/bin:/usr/bin'] },
      },
    ])
  } finally {
    rmSync(scratch, { recursive: true })
  }
}

function applets(root: Tree, scratch: string): string[] {
  const path = ['bin/busybox', 'usr/bin/busybox'].find((each) => root.has(each))
  if (path === undefined) throw new Error("Debian's busybox is not where it was")
  const list = execFileSync(join(scratch, 'busybox', path), ['--list'], { encoding: 'utf8' })
  return list.trim().split('\n')
}
