import { join } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import type { Disk, DiskFile } from '../../lib/disk.ts'
import { HEADER_BYTES, isTemporary, segmentName } from './format.ts'
import type { LogContents, ReadSegment } from './log-reader.ts'
import { readLog } from './log-reader.ts'
import type { FileChannelOptions } from './options.ts'
import type { Quarantine } from './quarantine.ts'
import { shortWrite } from './segment.ts'
import type { ChannelState, SealedSegment } from './state.ts'

const REWRITE_BYTES = 1024 * 1024

export interface RecoveryContext {
  readonly directory: string
  readonly disk: Disk
  readonly log: Logger
  readonly options: FileChannelOptions
  readonly quarantine: Quarantine
}

export interface Recovered {
  readonly channelId: Buffer
  readonly state: ChannelState
  readonly segments: readonly SealedSegment[]
  readonly lastNumber: number
}

/**
 * Reads the log and brings the directory in line with it: corrupt bytes are quarantined, the torn end
 * is cut off and what is left synced, files that do not count are removed. Errors as `readLog`.
 */
export async function recover(context: RecoveryContext): Promise<Recovered | undefined> {
  const { directory, disk, options } = context
  for (const name of await disk.list(directory))
    if (isTemporary(name)) await disk.remove(join(directory, name))
  const { readBytes, positionsBytesMax } = options
  const contents = await readLog({ directory, disk, readBytes, positionsBytesMax, mode: 'write' })
  if (contents === undefined) return undefined
  try {
    for (const segment of contents.read) await repair(context, segment, contents.state)
    await removeUnlisted(context, contents)
  } finally {
    for (const { file } of contents.read) await file.close()
  }
  const { channelId, state, segments, numbers } = contents
  return { channelId, state, segments, lastNumber: numbers.at(-1)! }
}

async function repair(
  context: RecoveryContext,
  segment: ReadSegment,
  state: ChannelState,
): Promise<void> {
  const { log, quarantine } = context
  const { file, number, sizeBytes, folded } = segment
  const name = segmentName(number)
  if (segment.checkpoint === undefined) {
    log.error(
      { code: 'FLM2301', segment: name },
      'the checkpoint of the newest segment is damaged: the previous one is used',
    )
  }
  const damages = folded?.damages ?? [{ from: 0, to: sizeBytes }]
  for (const { from, to } of damages)
    if (await quarantine.keep(file, number, from, to)) state.quarantinedRecords++
  if (folded === undefined) return
  if (folded.lostEvents > 0) {
    log.error(
      { code: 'FLM2301', events: folded.lostEvents, segment: name },
      'events were lost to corrupt bytes in a segment',
    )
  }
  if (sizeBytes > folded.endOffset) {
    const cut = { segment: name, offset: folded.endOffset, bytes: sizeBytes - folded.endOffset }
    if (folded.torn) log.warn(cut, 'the unfinished end of a segment was cut off')
    else log.debug(cut, 'what stood behind the end of a segment was cut off')
    await cutTail(file, folded.endOffset, {
      sizeBytes,
      keepBytes: context.options.reserveFileBytes,
    })
  }
  await makeDurable(file, Math.max(folded.durableUpTo, HEADER_BYTES), folded.endOffset)
}

/**
 * Takes away what follows `endOffset`. What is as large as a file of the reserve stays so, and
 * its tail becomes zeros: on a full disk others would take them, and with them the room for the next restart.
 */
async function cutTail(
  file: DiskFile,
  endOffset: number,
  { sizeBytes, keepBytes }: { readonly sizeBytes: number; readonly keepBytes: number },
): Promise<void> {
  const kept = sizeBytes < keepBytes ? endOffset : Math.max(endOffset, keepBytes)
  if (kept < sizeBytes) await file.truncate(kept)
  for (let at = endOffset; at < kept; at += REWRITE_BYTES) {
    const zeros = Buffer.alloc(Math.min(REWRITE_BYTES, kept - at))
    const written = await file.write([zeros], at)
    if (written < zeros.length) throw shortWrite(written, zeros.length)
  }
}

/**
 * After SIGKILL the end of a segment may be in the page cache alone; it must not be served before it is
 * durable. After a failed sync the kernel takes those pages for clean, and a sync does nothing: so they
 * are written again first.
 */
async function makeDurable(file: DiskFile, from: number, to: number): Promise<void> {
  for (let at = from; at < to; at += REWRITE_BYTES) {
    const piece = Buffer.allocUnsafe(Math.min(REWRITE_BYTES, to - at))
    const bytes = await file.read(piece, at)
    const written = await file.write([piece.subarray(0, bytes)], at)
    if (bytes < piece.length || written < bytes) throw shortWrite(written, piece.length)
  }
  await file.datasync()
}

async function removeUnlisted(context: RecoveryContext, contents: LogContents): Promise<void> {
  const listed = new Set(contents.segments.map((segment) => segment.number))
  for (const number of contents.numbers) {
    if (listed.has(number)) continue
    await context.disk.remove(join(context.directory, segmentName(number)))
  }
}
