import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../core/errors.ts'
import type { Clock, Timer } from '../lib/clock.ts'
import type { ConfigurationSource } from './configuration.ts'

/** How often files are looked at. */
export const POLL_MS = 1_000

/** What is read of a directory: manifests, delivered flows, and modules of one with plugins. */
const READ = /\.(?:ya?ml|json|m?[jt]s)$/

/**
 * What a configuration is read from, as one string that changes when any of it does: content, a new
 * or removed file of a directory, a symbolic link that points elsewhere (as a mounted ConfigMap's
 * does). Polling sees all of these on every file system, which change notifications do not.
 */
export async function signatureOf(paths: readonly string[]): Promise<string> {
  const parts: string[] = []
  for (const path of paths) {
    if (path === '-') continue
    parts.push(await describe(path), ...(await describeEntries(path)))
  }
  return parts.join('\n')
}

async function describeEntries(path: string): Promise<string[]> {
  let names: string[]
  try {
    names = await readdir(path)
  } catch {
    // A file, or a directory that cannot be read: `describe` tells them apart and says what changes.
    return []
  }
  const read = names.filter((name) => !name.startsWith('.') && READ.test(name)).sort()
  return Promise.all(read.map((name) => describe(join(path, name))))
}

async function describe(path: string): Promise<string> {
  try {
    return await identify(path)
  } catch (error) {
    return `${path} ${systemCode(error)}`
  }
}

async function identify(path: string): Promise<string> {
  const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
  return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ')
}

/**
 * What stands for all of a directory that is mounted into a pod: there a symbolic link, `..data` in it or the
 * directory itself, is turned to another version of the whole. undefined for any other directory.
 */
export async function mountedVersion(directory: string): Promise<string | undefined> {
  try {
    return await identify(join(directory, '..data'))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') return undefined
  }
  try {
    return (await lstat(directory)).isSymbolicLink() ? await describe(directory) : undefined
  } catch {
    return undefined
  }
}

export interface Watcher {
  stop(): void
}

/** What is looked at: see ConfigurationSource. */
export type Watched = Pick<ConfigurationSource, 'signature' | 'pollMs' | 'isAtomic'>

/**
 * Calls `changed` when what is looked at is no longer as `signature` said, and again at each later change.
 * What may be half written has to look the same twice in a row before.
 */
export function watch(
  watched: Watched,
  signature: string,
  clock: Clock,
  changed: () => void,
): Watcher {
  let acted = signature
  let last = signature
  let stopped = false
  let timer: Timer
  const look = async (): Promise<void> => {
    const now = await watched.signature()
    if (stopped) return
    if (now !== acted && (watched.isAtomic || now === last)) {
      acted = now
      changed()
    }
    last = now
    timer = clock.schedule(run, watched.pollMs)
  }
  // A signature does not reject: what cannot be read is part of it.
  const run = (): void => void look()
  timer = clock.schedule(run, watched.pollMs)
  return {
    stop() {
      stopped = true
      timer.clear()
    },
  }
}

/** Manifests, and other files that are written in place. */
export function watchFiles(
  paths: readonly string[],
  signature: string,
  clock: Clock,
  changed: () => void,
): Watcher {
  const files = { signature: () => signatureOf(paths), pollMs: POLL_MS, isAtomic: false }
  return watch(files, signature, clock, changed)
}
