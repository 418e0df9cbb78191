import { systemCode } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import type { Clock } from '../../lib/clock.ts'
import { dormantOf } from './arrivals.ts'
import type { Arrivals } from './arrivals.ts'
import { factsAt, identityKey } from './descriptor.ts'
import type { FileFacts } from './descriptor.ts'
import { EMPTY_FINGERPRINT, holdsFor } from './fingerprint.ts'
import type { OpenFiles } from './open-files.ts'
import type { FileGroup, FilePatterns } from './patterns.ts'
import { COPY_WAIT_MS } from './streams.ts'
import type { DormantStreams } from './streams.ts'
import type { TailedFile } from './tailed-file.ts'

export interface FileSetOptions {
  readonly clock: Clock
  readonly log: Logger
  readonly patterns: FilePatterns
  readonly arrivals: Arrivals
  readonly openFiles: OpenFiles
  readonly streams: DormantStreams
  readonly newName: () => string
  readonly filesMax: number
  readonly idleCloseMs: number
  /** How long a renamed or deleted file must be quiet until it counts as complete. */
  readonly rotatedQuietMs: number
}

/** A file that grew that lately is looked at in every poll, others in every scan. */
const HOT_MS = 10_000

/** After that many files a scan lets other work run. */
const FILES_PER_TURN = 1000

/**
 * The files that are followed, and which of them have something to read. `scan` compares the names
 * with the files: what is new, renamed, truncated, gone. `poll` looks at files that grew lately.
 */
export class FileSet {
  readonly #options: FileSetOptions
  readonly #files = new Map<string, TailedFile>()
  readonly #undecided = new Set<TailedFile>()
  readonly #hot = new Set<TailedFile>()
  /** Files with something to read; each gets its turn. */
  readonly #ready = new Set<TailedFile>()
  /** Paths that could not be opened, with the reason. */
  #unreadable = new Map<string, string>()
  #scans = 0
  #waiting = 0

  constructor(options: FileSetOptions) {
    this.#options = options
  }

  get files(): ReadonlyMap<string, TailedFile> {
    return this.#files
  }

  /** Paths beyond the maximum number of files. */
  get waiting(): number {
    return this.#waiting
  }

  get unreadable(): ReadonlyMap<string, string> {
    return this.#unreadable
  }

  get hasHot(): boolean {
    return this.#hot.size > 0
  }

  get hasReady(): boolean {
    return this.#ready.size > 0
  }

  /** Looks for new files and at all known ones. */
  async scan(): Promise<void> {
    const { clock, patterns, openFiles, idleCloseMs } = this.#options
    const scan = ++this.#scans
    const paths = await patterns.list(clock.now())
    const news: [string, FileGroup][] = []
    let looked = 0
    for (const [path, group] of paths) {
      if (++looked % FILES_PER_TURN === 0) await nextTurn()
      const facts = this.#factsAt(path)
      if (facts === undefined) continue
      const file = this.#files.get(identityKey(facts.identity))
      if (file !== undefined && file.identity.born === facts.identity.born) {
        this.#sight(file, path, facts)
      } else news.push([path, group])
    }
    // Those that are open first: opening another must not close one that is found deleted next.
    const missing = [...this.#files.values()].filter((file) => file.seenInScan !== scan)
    for (const file of missing.toSorted((a, b) => openness(b) - openness(a))) {
      if (++looked % FILES_PER_TURN === 0) await nextTurn()
      this.#guard(file, () => this.#missing(file))
    }
    await this.#meet(news)
    if (scan === 1) this.#followMoved()
    // The oldest first, so that an original is known when its copy is looked at.
    for (const file of [...this.#undecided].sort(byBirth)) {
      this.#guard(file, () => this.#decide(file))
    }
    this.#expireTruncated()
    for (const file of this.#files.values()) this.#settle(file)
    openFiles.closeIdle(idleCloseMs, clock.monotonic())
  }

  /** Looks at the files that grew lately. */
  poll(): void {
    const nowMs = this.#options.clock.monotonic()
    for (const file of this.#hot) {
      if (nowMs - file.changedAtMs > HOT_MS) this.#hot.delete(file)
      else this.#guard(file, () => this.#look(file))
    }
  }

  /** The next file with something to read; it has to be queued again when more is left. */
  next(): TailedFile | undefined {
    const [file] = this.#ready
    if (file !== undefined) this.#ready.delete(file)
    return file
  }

  /** Queues the file if it has something to read. */
  queue(file: TailedFile): void {
    if (!file.decided || file.unread <= 0) return
    file.behindSinceMs ??= this.#options.clock.monotonic()
    this.#ready.add(file)
  }

  /** What was read of the file is no longer in it: the stream ends and a new one begins. */
  truncated(file: TailedFile): void {
    const { clock, log, streams, newName } = this.#options
    const nowMs = clock.monotonic()
    const { path, offset } = file
    const unread = Math.max(0, file.size - offset)
    log.info({ path, offset, unread }, 'file was truncated or rewritten, reading it from its start')
    streams.add({ ...dormantOf(file), truncatedAtMs: nowMs, unread })
    file.resume(newName(), 0, EMPTY_FINGERPRINT)
    file.size = 0
    file.modifiedNs = 0n
    file.first = ''
    file.changedAtMs = nowMs
    file.decided = false
    file.decideInScan = this.#scans + 1
    this.#undecided.add(file)
    this.#ready.delete(file)
    this.#hot.add(file)
  }

  /** Deleted files, which no later run can read. */
  deleted(): TailedFile[] {
    return [...this.#files.values()].filter((file) => file.gone === 'deleted')
  }

  /** Runs `look` and keeps a failure with the file, logged when it is a new one. */
  #guard(file: TailedFile, look: () => void): void {
    try {
      look()
    } catch (error) {
      this.failed(file, error)
    }
  }

  failed(file: TailedFile, error: unknown): void {
    const problem = systemCode(error) ?? String(error)
    if (file.problem !== problem) {
      const fields = { code: 'FLM3102', path: file.path, error }
      this.#options.log.warn(fields, 'reading the file failed, trying again')
    }
    file.problem = problem
  }

  #factsAt(path: string): FileFacts | undefined {
    try {
      return factsAt(path)
    } catch (error) {
      this.#cannotRead(path, error)
      return undefined
    }
  }

  #cannotRead(path: string, error: unknown): void {
    const problem = systemCode(error) ?? String(error)
    if (this.#unreadable.get(path) !== problem) {
      const fields = { code: 'FLM3102', path, error }
      this.#options.log.warn(fields, 'the file cannot be opened, trying again')
    }
    if (this.#unreadable.size < this.#options.filesMax) this.#unreadable.set(path, problem)
  }

  #sight(file: TailedFile, path: string, facts: FileFacts): void {
    // An inode may be seen under two names: a hard link, or a rename while names were listed.
    if (file.seenInScan === this.#scans && path !== file.path) return
    if (path !== file.path && factsAt(file.path)?.identity.inode !== file.identity.inode) {
      file.formerPath = file.path
      file.path = path
      file.rotated = true
      file.changedAtMs = this.#options.clock.monotonic()
    }
    file.seenInScan = this.#scans
    file.gone = undefined
    this.#guard(file, () => this.#check(file, facts))
  }

  #missing(file: TailedFile): void {
    const { clock, openFiles, log } = this.#options
    const descriptor = openFiles.open(file)
    if (descriptor === undefined) {
      const { path, held, unread } = file
      if (held + unread > 0) {
        log.warn({ path, bytes: held + unread }, 'file was deleted before it was read to its end')
      }
      file.gone = 'deleted'
      this.#forget(file)
      return
    }
    const facts = descriptor.facts()
    if (file.gone === undefined) file.changedAtMs = clock.monotonic()
    file.gone = facts.links === 0 ? 'deleted' : 'moved'
    file.rotated = true
    this.#check(file, facts)
  }

  /** Looks at one file by its descriptor, or by its path when it is closed. */
  #look(file: TailedFile): void {
    const facts = file.descriptor?.facts() ?? factsAt(file.path)
    if (facts !== undefined && identityKey(facts.identity) === identityKey(file.identity)) {
      this.#check(file, facts)
    }
  }

  #check(file: TailedFile, facts: FileFacts): void {
    const nowMs = this.#options.clock.monotonic()
    const truncated = facts.size < file.offset
    if (truncated) this.truncated(file)
    if (!file.observe(facts, nowMs)) {
      this.queue(file)
      return
    }
    if (file.foundInScan !== this.#scans) this.#hot.add(file)
    if (!truncated && file.offset > 0 && !this.#unchanged(file)) {
      this.truncated(file)
      file.observe(facts, nowMs)
    }
    // Without new bytes something else was written: a held rest may be another one now.
    if (file.unread <= 0) file.scanned = file.offset
    file.problem = undefined
    this.queue(file)
  }

  #unchanged(file: TailedFile): boolean {
    const descriptor = this.#options.openFiles.open(file)
    // Without a descriptor it cannot be told now; the read that comes first will look again.
    return descriptor === undefined || holdsFor(file.fingerprint, descriptor)
  }

  async #meet(news: readonly [string, FileGroup][]): Promise<void> {
    const { arrivals, filesMax, log } = this.#options
    const before = this.#waiting
    this.#waiting = 0
    for (const [i, [path, group]] of news.entries()) {
      if (i % FILES_PER_TURN === FILES_PER_TURN - 1) await nextTurn()
      if (this.#files.size >= filesMax) {
        this.#waiting++
        continue
      }
      try {
        const file = arrivals.meet(path, group, this.#scans)
        this.#unreadable.delete(path)
        if (file !== undefined) this.#follow(file)
      } catch (error) {
        this.#cannotRead(path, error)
      }
    }
    if (this.#waiting > 0 && before === 0) {
      log.warn({ filesMax, waiting: this.#waiting }, 'more files than maxFiles, some are not read')
    }
  }

  #follow(file: TailedFile): void {
    const key = identityKey(file.identity)
    const known = this.#files.get(key)
    if (known !== undefined) {
      // The same inode under a second name, or one that was given to a new file meanwhile.
      if (known.identity.born === file.identity.born) {
        this.#options.openFiles.close(file)
        return
      }
      this.#forget(known)
    }
    this.#files.set(key, file)
    file.seenInScan = this.#scans
    if (!file.decided) this.#undecided.add(file)
    this.queue(file)
  }

  #followMoved(): void {
    const { arrivals, patterns } = this.#options
    const known = (facts: FileFacts): boolean => this.#files.has(identityKey(facts.identity))
    for (const file of arrivals.findMoved((path) => patterns.groupOf(path), known)) {
      this.#follow(file)
    }
  }

  #decide(file: TailedFile): void {
    this.#options.arrivals.decide(file, this.#files.values(), this.#scans)
    if (!file.decided) return
    this.#undecided.delete(file)
    this.queue(file)
  }

  #expireTruncated(): void {
    const { clock, log, streams } = this.#options
    for (const each of streams.truncated()) {
      if (clock.monotonic() - each.truncatedAtMs! < COPY_WAIT_MS) continue
      streams.remove(each)
      if ((each.unread ?? 0) === 0) continue
      const fields = { path: each.memo.path, bytes: each.unread }
      log.warn(fields, 'file was truncated before it was read to its end and no copy was found')
    }
  }

  /** Ends what is complete: the rest of a rotated file is an event, a file that is gone is let go. */
  #settle(file: TailedFile): void {
    const { clock, rotatedQuietMs } = this.#options
    if (!file.rotated || file.unread > 0) return
    if (clock.monotonic() - file.changedAtMs < rotatedQuietMs) return
    if (file.held > 0 && file.decided) this.#ready.add(file)
    else if (file.gone !== undefined && file.size === file.offset) this.#forget(file)
  }

  #forget(file: TailedFile): void {
    const { openFiles, streams } = this.#options
    openFiles.close(file)
    this.#files.delete(identityKey(file.identity))
    for (const set of [this.#undecided, this.#hot, this.#ready]) set.delete(file)
    if (file.gone === 'deleted' || file.offset === 0) return
    streams.add(dormantOf(file))
  }
}

function byBirth(a: TailedFile, b: TailedFile): number {
  return Number(BigInt(a.identity.born) - BigInt(b.identity.born))
}

function openness(file: TailedFile): number {
  return file.descriptor === undefined ? 0 : 1
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
