import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../core/errors.ts'
import type { Clock, Timer } from '../lib/clock.ts'

/** How often the files are looked at. A change is acted on when two looks in a row see the same. */
export const POLL_MS = 1_000

/** What is read of a directory: manifests, and modules of one with plugins. */
const READ = /\.(?:ya?ml|m?[jt]s)$/

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
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true })
    return [path, dev, ino, size, mtimeNs, ctimeNs].join(' ')
  } catch (error) {
    return `${path} ${systemCode(error)}`
  }
}

export interface Watcher {
  stop(): void
}

/**
 * Calls `changed` when the files are no longer what `signature` said, once they have settled; again
 * at each later change.
 */
export function watchFiles(
  paths: readonly string[],
  signature: string,
  clock: Clock,
  changed: () => void,
): Watcher {
  let acted = signature
  let last = signature
  let stopped = false
  let timer: Timer
  const look = async (): Promise<void> => {
    const now = await signatureOf(paths)
    if (stopped) return
    if (now !== acted && now === last) {
      acted = now
      changed()
    }
    last = now
    timer = clock.schedule(run, POLL_MS)
  }
  // `signatureOf` does not reject: what cannot be read is part of the signature.
  const run = (): void => void look()
  timer = clock.schedule(run, POLL_MS)
  return {
    stop() {
      stopped = true
      timer.clear()
    },
  }
}
