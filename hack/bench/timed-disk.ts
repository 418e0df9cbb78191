import type { Disk, DiskFile } from '../../agent/lib/disk.ts'

/** A sync that ended: performance.now() at its begin and its end. */
export interface TimedSync {
  readonly beganAtMs: number
  readonly endedAtMs: number
}

/** The disk, telling of every sync of a file just before the one who asked for it hears of it. */
export function timedDisk(disk: Disk, onSync: (sync: TimedSync) => void): Disk {
  return {
    ...disk,
    open: async (path, mode) => timedFile(await disk.open(path, mode), onSync),
  }
}

function timedFile(file: DiskFile, onSync: (sync: TimedSync) => void): DiskFile {
  return {
    read: (buffer, position) => file.read(buffer, position),
    write: (buffers, position) => file.write(buffers, position),
    truncate: (length) => file.truncate(length),
    size: () => file.size(),
    close: () => file.close(),
    datasync: async () => {
      const beganAtMs = performance.now()
      await file.datasync()
      onSync({ beganAtMs, endedAtMs: performance.now() })
    },
  }
}
