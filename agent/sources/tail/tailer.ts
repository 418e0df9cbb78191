import type { Batch } from '../../core/batch.ts'
import type { SourceContext } from '../../core/source.ts'
import { Arrivals } from './arrivals.ts'
import { batchOfChunk, positionBatch } from './batches.ts'
import type { TailSourceConfig } from './config.ts'
import { FileSet } from './file-set.ts'
import { OpenFiles } from './open-files.ts'
import { FilePatterns } from './patterns.ts'
import type { FileGroup } from './patterns.ts'
import { LineReader } from './reader.ts'
import { DormantStreams } from './streams.ts'
import type { TailedFile } from './tailed-file.ts'

export type TailerContext = Pick<
  SourceContext,
  'name' | 'clock' | 'random' | 'log' | 'positions' | 'dropped' | 'eventBytesMax'
> & { readonly emit: (batch: Batch) => void }

/**
 * The steps of the source without its timing: `scan` and `poll` find what is to be read, `step`
 * reads one piece of one file and emits it. Never two at a time.
 */
export class Tailer {
  readonly #config: TailSourceConfig
  readonly #context: TailerContext
  readonly #openFiles: OpenFiles
  readonly #streams: DormantStreams
  readonly #reader: LineReader
  readonly files: FileSet
  #longLines = 0
  #marked = false

  constructor(config: TailSourceConfig, context: TailerContext) {
    this.#config = config
    this.#context = context
    const { clock, random, log } = context
    const streams = new DormantStreams(context.name, context.positions())
    const openFiles = new OpenFiles(config.maxOpenFiles)
    const arrivals = new Arrivals({
      clock,
      random,
      log,
      startAt: config.startAt,
      streams,
      openFiles,
      headersOf: (path, group) => this.#headersOf(path, group),
      onPosition: (file) => this.#emitPosition(file),
    })
    const inSource = { name: '', headers: {}, files: config.files }
    this.files = new FileSet({
      clock,
      log,
      arrivals,
      streams,
      openFiles,
      patterns: new FilePatterns({ groups: [inSource, ...config.groups], exclude: config.exclude }),
      newName: () => streams.newName(random),
      filesMax: config.maxFiles,
      idleCloseMs: config.idleClose,
      rotatedQuietMs: config.rotatedQuiet,
    })
    this.#streams = streams
    this.#openFiles = openFiles
    this.#reader = new LineReader({
      readBytes: config.readSize,
      // A channel that takes less than the configured line: the line is cut there, not refused.
      lineBytesMax: Math.min(config.maxLineSize, context.eventBytesMax),
      longLines: config.longLines,
      onLongLine: (file) => this.#countLongLine(file),
    })
  }

  /** Looks for new files and at all known ones. */
  async scan(): Promise<void> {
    await this.files.scan()
    if (this.#marked || this.#config.startAt === 'beginning') return
    // Says that the source ran, so that files which come while it is down are read from their start.
    this.#marked = true
    if (!this.#streams.started) this.#context.emit(positionBatch(this.#streams.marker, 0, '{}'))
  }

  /** Looks at files that grew lately. */
  poll(): void {
    this.files.poll()
  }

  /** Reads the next piece of the next file that has something to read. False: there was none. */
  async step(): Promise<boolean> {
    const file = this.files.next()
    if (file === undefined) return false
    try {
      await this.#readOf(file)
    } catch (error) {
      this.files.failed(file, error)
    }
    return true
  }

  async #readOf(file: TailedFile): Promise<void> {
    const descriptor = this.#openFiles.open(file)
    if (descriptor === undefined) return
    const before = file.scanned
    const rest = file.held > 0
    const result = rest
      ? this.#reader.readRest(file, descriptor)
      : await this.#reader.read(file, descriptor)
    if (result === 'changed') {
      this.files.truncated(file)
      return
    }
    if (result === undefined) {
      // A read that found nothing new has met the end of a file that shrank: the next look tells.
      if (file.scanned > before) this.files.queue(file)
      if (file.unread <= 0) file.behindSinceMs = undefined
      return
    }
    const batch = batchOfChunk(file, result, this.#config.byteOffsetHeader)
    file.taken(result, this.#context.clock.monotonic())
    this.#context.emit(batch)
    this.files.queue(file)
  }

  /** Deleted files are emitted to their end, since no later run can; false when `room` ended it. */
  async finishDeleted(room: () => Promise<boolean>): Promise<void> {
    for (const file of this.files.deleted()) {
      file.decided = true
      while (file.size > file.offset) {
        if (!(await room())) break
        const before = file.offset + file.scanned
        await this.#readOf(file)
        if (file.offset + file.scanned === before) break
      }
      const bytes = file.size - file.offset
      if (bytes === 0) continue
      const { path } = file
      this.#context.log.warn(
        { path, bytes },
        'deleted file was not read to its end before the stop',
      )
    }
  }

  close(): void {
    this.#openFiles.closeAll()
  }

  status(): Readonly<Record<string, unknown>> {
    let bytesBehind = 0
    let oldest: TailedFile | undefined
    const failing: Record<string, string> = {}
    for (const file of this.files.files.values()) {
      bytesBehind += file.size - file.offset
      if (
        file.behindSinceMs !== undefined &&
        file.behindSinceMs < (oldest?.behindSinceMs ?? Infinity)
      ) {
        oldest = file
      }
      if (file.problem !== undefined) failing[file.path] = file.problem
    }
    for (const [path, problem] of this.files.unreadable) failing[path] = problem
    const nowMs = this.#context.clock.monotonic()
    return {
      files: this.files.files.size,
      openFiles: this.#openFiles.count,
      filesWaiting: this.files.waiting,
      bytesBehind,
      oldestUnread: oldest && { path: oldest.path, waitsMs: nowMs - oldest.behindSinceMs! },
      longLines: this.#longLines,
      failing: Object.fromEntries(Object.entries(failing).slice(0, FAILING_SHOWN_MAX)),
    }
  }

  #emitPosition(file: TailedFile): void {
    this.#context.emit(positionBatch(file.stream, file.offset, file.memo(file.fingerprint)))
  }

  #countLongLine(file: TailedFile): void {
    const { longLines, maxLineSize } = this.#config
    if (this.#longLines++ === 0) {
      const fields = { path: file.path, maxLineSize, longLines }
      this.#context.log.warn(fields, 'lines above the maximum size are not delivered whole')
    }
    if (longLines === 'drop') this.#context.dropped(1, 'line above maxLineSize')
  }

  #headersOf(path: string, group: FileGroup): ReadonlyMap<string, string> {
    const { headers, fileHeader, fileHeaderKey } = this.#config
    const all = new Map([...Object.entries(headers), ...Object.entries(group.headers)])
    if (fileHeader) all.set(fileHeaderKey, path)
    return all
  }
}

/** Most files whose failure the status names. */
const FAILING_SHOWN_MAX = 20
