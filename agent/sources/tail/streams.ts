import type { Position } from '../../core/batch.ts'
import type { Random } from '../../lib/random.ts'
import type { Descriptor, FileFacts } from './descriptor.ts'
import { HEAD_BYTES, holdsFor, parseMemo } from './fingerprint.ts'
import type { Memo } from './fingerprint.ts'

/** A stream whose file is not followed at the moment. */
export interface DormantStream {
  readonly stream: string
  readonly offset: number
  readonly memo: Memo
  /** Since when it is known that its file was truncated, so that a copy may hold what it read. */
  truncatedAtMs?: number
  /** Bytes that were seen but not read when the file was truncated. */
  readonly unread?: number
}

/** Most streams remembered; beyond that the one remembered longest is forgotten. */
const DORMANT_MAX = 20_000

/** How long after a truncation the copy of what was there is looked for. */
export const COPY_WAIT_MS = 10_000

/** No other stream has this name; it says that the source ran before. */
const STARTED = 'started'

/**
 * The streams of a source that wait for their file: those with a position at start, and those whose
 * file went away. Names are `tail/<source>/<random>`, so that two sources of a flow that read the
 * same file never take each other's positions.
 */
export class DormantStreams {
  readonly #prefix: string
  readonly #byName = new Map<string, DormantStream>()
  readonly #byInode = new Map<string, Set<DormantStream>>()
  /** Whether the source has run before, even if it read nothing. */
  readonly started: boolean

  constructor(source: string, positions: ReadonlyMap<string, Position>) {
    this.#prefix = `tail/${source}/`
    let started = false
    for (const [stream, position] of positions) {
      if (!stream.startsWith(this.#prefix)) continue
      started = true
      const memo = parseMemo(position.memo)
      if (memo !== undefined) this.add({ stream, offset: position.offset, memo })
    }
    this.started = started
  }

  get marker(): string {
    return this.#prefix + STARTED
  }

  newName(random: Random): string {
    return this.#prefix + random.bytes(12).toString('base64url')
  }

  add(dormant: DormantStream): void {
    this.#byName.set(dormant.stream, dormant)
    const inode = dormant.memo.identity.inode
    const others = this.#byInode.get(inode) ?? new Set()
    this.#byInode.set(inode, others.add(dormant))
    if (this.#byName.size > DORMANT_MAX) this.remove(this.#byName.values().next().value!)
  }

  remove(dormant: DormantStream): void {
    this.#byName.delete(dormant.stream)
    const inode = dormant.memo.identity.inode
    const others = this.#byInode.get(inode)
    others?.delete(dormant)
    if (others?.size === 0) this.#byInode.delete(inode)
  }

  all(): DormantStream[] {
    return [...this.#byName.values()]
  }

  /**
   * The stream that this file continues, by inode and content: the device may have another number
   * after a reboot, and the name may be another one. Streams of the same inode that it does not
   * continue are noted as truncated.
   */
  claim(facts: FileFacts, file: Descriptor, nowMs: number): DormantStream | undefined {
    const same = [...(this.#byInode.get(facts.identity.inode) ?? [])].filter((each) =>
      sameInode(each, facts),
    )
    // Of several that match the one that was read furthest: its predecessors had the same beginning.
    const claimed = same
      .filter((each) => holds(each, facts, file))
      .toSorted((a, b) => b.memo.fingerprint.at - a.memo.fingerprint.at)[0]
    if (claimed !== undefined) this.remove(claimed)
    for (const each of same) {
      if (each === claimed) continue
      // A successor with a position means that the truncation was noticed in an earlier run and the
      // copy found then; only a long fingerprint is still good enough to find it again.
      const findable = claimed === undefined || each.memo.fingerprint.head.bytes === HEAD_BYTES
      if (findable) each.truncatedAtMs ??= nowMs
    }
    return claimed
  }

  /** The truncated stream whose bytes this file has, now a copy that continues it. */
  claimCopy(facts: FileFacts, file: Descriptor): DormantStream | undefined {
    for (const each of this.truncated()) {
      if (each.memo.fingerprint.at === 0 || !holds(each, facts, file)) continue
      this.remove(each)
      return each
    }
    return undefined
  }

  /** Streams whose copy is looked for. */
  truncated(): DormantStream[] {
    return this.all().filter((each) => each.truncatedAtMs !== undefined)
  }
}

function sameInode(dormant: DormantStream, facts: FileFacts): boolean {
  const { born } = dormant.memo.identity
  // An inode that was created at another time is another file that got the same number.
  return born === facts.identity.born || born === '0' || facts.identity.born === '0'
}

function holds(dormant: DormantStream, facts: FileFacts, file: Descriptor): boolean {
  const { fingerprint } = dormant.memo
  return facts.size >= Math.max(dormant.offset, fingerprint.at) && holdsFor(fingerprint, file)
}
