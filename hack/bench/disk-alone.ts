import { close, fdatasync, open, write } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Lines } from './lines.ts'
import type { Drain } from './drain.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import type { WorkFolder } from './work-folder.ts'

const openFile = promisify(open)
const writeFile = promisify(write)
const syncFile = promisify(fdatasync)
const closeFile = promisify(close)

/** What our agent puts into one write and sync when it is behind. */
const WRITE_BYTES = 4 * 2 ** 20

/**
 * The bound that the disk sets: the bytes of the lines written twice, to two files side by side, with
 * a sync behind every 4 MiB, and nothing else. An agent that makes events durable in a log and then
 * in a file has to write them so and cannot be faster. With one file: the log alone.
 */
export async function diskAlone(
  work: WorkFolder,
  lines: Lines,
  files: readonly string[] = ['log', 'output'],
): Promise<Drain> {
  work.settle('run')
  const folder = work.fresh('run')
  const bytes = lines.count * lines.bytes
  const beganAtMs = performance.now()
  const cpuBefore = cpuSeconds(process.pid)
  await Promise.all(files.map((name) => writeAll(join(folder, name), bytes)))
  const totalMs = performance.now() - beganAtMs
  return {
    totalMs,
    firstMs: 0,
    steadyBytesPerSecond: (bytes * 1000) / totalMs,
    cpuSeconds: cpuSeconds(process.pid) - cpuBefore,
    residentPeakBytes: memory(process.pid).residentBytes,
  }
}

async function writeAll(path: string, bytes: number): Promise<void> {
  const block = Buffer.alloc(WRITE_BYTES, 'x')
  const fd = await openFile(path, 'wx')
  for (let at = 0; at < bytes; at += block.length) {
    await writeFile(fd, block, 0, Math.min(block.length, bytes - at), at)
    await syncFile(fd)
  }
  await closeFile(fd)
}
