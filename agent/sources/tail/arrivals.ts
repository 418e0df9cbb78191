import { dirname } from 'node:path'
import type { Logger } from '../../core/logger.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Random } from '../../lib/random.ts'
import { FIRST_BYTES, looksLikeCopy } from './copies.ts'
import { Descriptor, factsAt } from './descriptor.ts'
import type { FileFacts } from './descriptor.ts'
import { EMPTY_FINGERPRINT, fingerprintAt, memoPath } from './fingerprint.ts'
import { inodesIn } from './open-files.ts'
import type { OpenFiles } from './open-files.ts'
import type { FileGroup } from './patterns.ts'
import { COPY_WAIT_MS } from './streams.ts'
import type { DormantStream, DormantStreams } from './streams.ts'
import { TailedFile } from './tailed-file.ts'

export interface ArrivalOptions {
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly startAt: 'beginning' | 'end'
  readonly streams: DormantStreams
  readonly openFiles: OpenFiles
  readonly headersOf: (path: string, group: FileGroup) => ReadonlyMap<string, string>
  /** Told when a file has a position although nothing was read: the position must be stored. */
  readonly onPosition: (file: TailedFile) => void
}

/** Finds out what files first seen are: known ones, copies of known ones, or new. */
export class Arrivals {
  readonly #options: ArrivalOptions

  constructor(options: ArrivalOptions) {
    this.#options = options
  }

  /**
   * The file at `path`, with the stream it continues if there is one. undefined when the name means
   * another file by now. Throws system errors.
   */
  meet(path: string, group: FileGroup, scan: number): TailedFile | undefined {
    let descriptor: Descriptor
    try {
      descriptor = new Descriptor(path)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined
      throw error
    }
    try {
      const file = this.#identify(path, group, { descriptor, scan })
      this.#options.openFiles.adopt(file, descriptor)
      return file
    } catch (error) {
      descriptor.close()
      throw error
    }
  }

  #identify(
    path: string,
    group: FileGroup,
    { descriptor, scan }: { readonly descriptor: Descriptor; readonly scan: number },
  ): TailedFile {
    const { clock, random, streams, headersOf } = this.#options
    const facts = descriptor.facts()
    const nowMs = clock.monotonic()
    const claimed = streams.claim(facts, descriptor, nowMs)
    const file = new TailedFile({
      path,
      group,
      headers: headersOf(path, group),
      identity: facts.identity,
      stream: claimed?.stream ?? streams.newName(random),
      foundInScan: claimed === undefined ? scan : 0,
      nowMs,
    })
    file.observe(facts, nowMs)
    file.first = descriptor.range(0, Math.min(facts.size, FIRST_BYTES))?.toString('latin1') ?? ''
    if (claimed !== undefined) {
      resume(file, claimed, descriptor)
      file.decided = true
      file.rotated = claimed.memo.rotated || claimed.memo.path !== memoPath(path)
    } else if (scan === 1 && this.#options.startAt === 'end' && !streams.started) {
      this.#startAtEnd(file, descriptor, facts)
    }
    return file
  }

  #startAtEnd(file: TailedFile, descriptor: Descriptor, facts: FileFacts): void {
    file.decided = true
    const offset = startOfLastLine(descriptor, facts.size)
    const fingerprint = fingerprintAt(descriptor, offset)
    if (offset === 0 || fingerprint === undefined) return
    file.resume(file.stream, offset, fingerprint)
    this.#options.onPosition(file)
  }

  /**
   * Decides what an undecided file is: the copy that continues a truncated stream, perhaps a copy
   * (then it waits), or a file of its own.
   */
  decide(file: TailedFile, others: Iterable<TailedFile>, scan: number): void {
    const { clock, random, log, streams, openFiles } = this.#options
    if (file.size === 0) return
    const descriptor = openFiles.open(file)
    if (descriptor === undefined) return
    file.first = descriptor.range(0, Math.min(file.size, FIRST_BYTES))?.toString('latin1') ?? ''
    if (file.decideInScan !== undefined) {
      if (scan < file.decideInScan) return
      file.decideInScan = undefined
      file.decided = true
      return
    }
    const copied = streams.claimCopy(descriptor.facts(), descriptor)
    if (copied !== undefined) {
      // Under a new name: a channel stores no other memo for a position that it has already.
      resume(file, { ...copied, stream: streams.newName(random) }, descriptor)
      file.rotated = true
      file.decided = true
      log.info(
        { path: file.path, original: copied.memo.path, offset: file.offset },
        'reading on in the copy of a truncated file',
      )
      // Before anything of the truncated file is emitted: once that is stored, so is this.
      this.#options.onPosition(file)
      return
    }
    const waited = clock.monotonic() - file.changedAtMs >= COPY_WAIT_MS
    if (!waited && looksLikeCopy(file, others, (each) => openFiles.open(each))) return
    file.decided = true
  }

  /**
   * Files of known streams that were renamed to where no pattern looks while the agent was down:
   * those with something left to read. Looks in the directories they were in.
   */
  findMoved(
    groupOf: (path: string) => FileGroup | undefined,
    known: (facts: FileFacts) => boolean,
  ): TailedFile[] {
    const directories = new Map<string, ReadonlyMap<string, string>>()
    const found: TailedFile[] = []
    const dormant = this.#options.streams.all()
    for (const { memo, truncatedAtMs } of dormant) {
      const group = groupOf(memo.path)
      if (group === undefined || truncatedAtMs !== undefined) continue
      const directory = dirname(memo.path)
      const inodes = directories.get(directory) ?? inodesIn(directory)
      directories.set(directory, inodes)
      const path = inodes.get(memo.identity.inode)
      const facts = path === undefined ? undefined : factsAt(path)
      if (facts === undefined || known(facts)) continue
      const file = this.#meetMoved(path!, group)
      if (file !== undefined) found.push(file)
    }
    return found
  }

  #meetMoved(path: string, group: FileGroup): TailedFile | undefined {
    const { openFiles, streams } = this.#options
    const file = this.meet(path, group, 0)
    if (file === undefined) return undefined
    file.gone = 'moved'
    file.rotated = true
    if (file.decided && file.size > file.offset) return file
    openFiles.close(file)
    if (file.decided) streams.add(dormantOf(file))
    return undefined
  }
}

/** The stream of a file that is not followed any longer. */
export function dormantOf(file: TailedFile): DormantStream {
  const { stream, offset, path, identity, fingerprint, rotated } = file
  return { stream, offset, memo: { path, identity, fingerprint, rotated } }
}

function resume(file: TailedFile, from: DormantStream, descriptor: Descriptor): void {
  const { fingerprint } = from.memo
  // The position may lie before the memo's offset: only a part of that batch was taken.
  const here = fingerprint.at === from.offset ? fingerprint : fingerprintAt(descriptor, from.offset)
  file.resume(from.stream, from.offset, here ?? EMPTY_FINGERPRINT)
}

/** How far back the start of an unterminated last line is looked for. */
const LAST_LINE_BYTES = 64 * 1024

function startOfLastLine(descriptor: Descriptor, size: number): number {
  const from = Math.max(0, size - LAST_LINE_BYTES)
  const feed = descriptor.range(from, size)?.lastIndexOf(10) ?? -1
  return feed === -1 ? size : from + feed + 1
}
