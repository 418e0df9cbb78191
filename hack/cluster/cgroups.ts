import { existsSync, mkdirSync, readFileSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { until } from './until.ts'

const MOUNT = '/sys/fs/cgroup'
const GONE_SECONDS_MAX = 10

/** One tree for all controllers (version 2), or one for each (version 1, and both together). */
export function cgroupRoots(mount: string = MOUNT): string[] {
  if (existsSync(join(mount, 'cgroup.controllers'))) return [mount]
  return readdirSync(mount, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(mount, entry.name))
}

/** Makes a group in every tree. */
export function makeCgroups(path: string, mount: string = MOUNT): void {
  for (const root of cgroupRoots(mount)) {
    const parts = path.split('/')
    for (let depth = 1; depth <= parts.length; depth += 1) {
      const group = join(root, ...parts.slice(0, depth))
      delegate(dirname(group))
      mkdirSync(group, { recursive: true })
      inherit(group)
    }
  }
}

/** In version 2 a group has the controllers that the one above hands down. */
function delegate(group: string): void {
  const [all, handed] = [join(group, 'cgroup.controllers'), join(group, 'cgroup.subtree_control')]
  if (!existsSync(handed)) return
  const names = readFileSync(all, 'utf8').trim()
  if (names !== '') writeFileSync(handed, names.replaceAll(/\S+/g, '+$&'))
}

/** In version 1 a new group has no processors and no memory, and nothing can join it. */
function inherit(group: string): void {
  for (const name of ['cpuset.cpus', 'cpuset.mems']) {
    const file = join(group, name)
    if (!existsSync(file) || readFileSync(file, 'utf8').trim() !== '') continue
    const above = readFileSync(join(group, '..', name), 'utf8')
    if (above.trim() !== '') writeFileSync(file, above)
  }
}

export function cgroupsAt(path: string): string[] {
  return cgroupRoots()
    .map((root) => join(root, path))
    .filter((group) => existsSync(group))
}

/** Removes a group and all below it; the kernel keeps one busy for a moment after a kill. */
export async function removeCgroups(path: string): Promise<void> {
  await until(`the removal of cgroup ${path}`, GONE_SECONDS_MAX, () =>
    cgroupsAt(path).every(removeTree),
  )
}

function removeTree(group: string): boolean {
  try {
    for (const entry of readdirSync(group, { withFileTypes: true })) {
      if (entry.isDirectory() && !removeTree(join(group, entry.name))) return false
    }
    rmdirSync(group)
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT') return true
    if (code === 'EBUSY') return false
    throw error
  }
}
