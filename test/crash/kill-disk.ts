import { dirname } from 'node:path'
import type { Disk, DiskFile } from '../../agent/lib/disk.ts'
import type { DiskKillPoint, FileKind, Moment, Operation } from './kill-point.ts'

/** The real disk, with a process that dies by SIGKILL at one operation on it. */
export function killDisk(disk: Disk, point: DiskKillPoint, outputs: readonly string[]): Disk {
  let seen = 0

  /** Whether this is the operation; to be asked once for each, before it. */
  const isHere = (kind: FileKind, operation: Operation): boolean =>
    kind === point.kind && operation === point.operation && ++seen === point.nth
  const die = (here: boolean, moment: Moment): void => {
    if (here && moment === point.moment) dieNow()
  }
  async function around<T>(
    kind: FileKind,
    operation: Operation,
    run: () => Promise<T>,
  ): Promise<T> {
    const here = isHere(kind, operation)
    die(here, 'before')
    const result = await run()
    die(here, 'after')
    return result
  }
  const kindOf = (path: string): FileKind => fileKind(path, outputs)
  // A new segment becomes a segment by its rename, while it is open.
  const opened = new Map<string, { kind: FileKind }>()

  return {
    ...disk,
    async open(path, mode) {
      const open = (): Promise<DiskFile> => disk.open(path, mode)
      const file = await (mode === 'create' ? around(kindOf(path), 'create', open) : open())
      const entry = { kind: kindOf(path) }
      opened.set(path, entry)
      return {
        read: (buffer, position) => file.read(buffer, position),
        size: () => file.size(),
        close: () => file.close(),
        datasync: () => around(entry.kind, 'datasync', () => file.datasync()),
        truncate: (length) => around(entry.kind, 'truncate', () => file.truncate(length)),
        async write(buffers, position) {
          const here = isHere(entry.kind, 'write')
          die(here, 'before')
          if (here && point.moment === 'torn') {
            await file.write(firstHalf(buffers), position)
            dieNow()
          }
          const written = await file.write(buffers, position)
          die(here, 'after')
          return written
        },
      }
    },
    async rename(from, to) {
      await around(kindOf(from), 'rename', () => disk.rename(from, to))
      const entry = opened.get(from)
      if (entry === undefined) return
      entry.kind = kindOf(to)
      opened.delete(from)
      opened.set(to, entry)
    },
    remove: (path) => around(kindOf(path), 'remove', () => disk.remove(path)),
    syncDirectory: (path) =>
      around(
        outputs.includes(path) ? 'output directory' : 'channel directory',
        'syncDirectory',
        () => disk.syncDirectory(path),
      ),
  }
}

export function fileKind(path: string, outputs: readonly string[]): FileKind {
  if (outputs.includes(dirname(path))) return 'output'
  if (path.endsWith('.seg')) return 'segment'
  if (path.endsWith('/positions.log')) return 'positions log'
  if (/\/reserve-\d+(\.tmp)?$/.test(path)) return 'reserve'
  return path.endsWith('.tmp') ? 'new segment' : 'other'
}

function firstHalf(buffers: readonly Uint8Array[]): Uint8Array[] {
  const all = Buffer.concat(buffers)
  return [all.subarray(0, Math.floor(all.length / 2))]
}

function dieNow(): never {
  process.kill(process.pid, 'SIGKILL')
  // The signal is on its way; nothing more may run until it is there.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
}
