import type { Descriptor, FileFacts, Identity } from './descriptor.ts'
import { EMPTY_FINGERPRINT, encodeMemo } from './fingerprint.ts'
import type { Fingerprint } from './fingerprint.ts'
import type { FileGroup } from './patterns.ts'

/** A file that is followed: where it is, how far it was read, and what it is known to be. */
export class TailedFile {
  /** Where the file is now, as far as known. */
  path: string
  /** The name it had before, when it was renamed while it was followed. */
  formerPath: string | undefined
  /** Headers of its events; the path in them is the one the file was found under. */
  readonly headers: ReadonlyMap<string, string>
  readonly group: FileGroup
  readonly identity: Identity
  descriptor: Descriptor | undefined

  stream: string
  /** Where the first line begins that was not emitted. */
  offset = 0
  /** Up to where there is certainly no line feed after `offset`: nothing below is read again. */
  scanned = 0
  fingerprint: Fingerprint = EMPTY_FINGERPRINT
  size = 0
  modifiedNs = 0n

  /** Monotonic times. */
  changedAtMs: number
  readAtMs: number
  /** Since when there are lines that were not read. */
  behindSinceMs: number | undefined

  /** Its writer left it: renamed, or a copy. An unterminated rest is delivered once it is quiet. */
  rotated = false
  /** It is in no pattern any more: deleted, or renamed to where no pattern looks. */
  gone: 'deleted' | 'moved' | undefined
  /** False until it is known whether the file is a copy that continues another stream. */
  decided = false
  /** Set when it was truncated: nothing is read until that scan has looked for a copy. */
  decideInScan: number | undefined
  /** The first bytes, to find look-alikes without reading them. */
  first = ''
  /** Number of the scan that saw it first; 0 for a stream resumed from its position. */
  foundInScan: number
  seenInScan = 0
  /** The last failure to open or read it. */
  problem: string | undefined

  constructor(options: {
    readonly path: string
    readonly group: FileGroup
    readonly headers: ReadonlyMap<string, string>
    readonly identity: Identity
    readonly stream: string
    readonly foundInScan: number
    readonly nowMs: number
  }) {
    this.path = options.path
    this.group = options.group
    this.headers = options.headers
    this.identity = options.identity
    this.stream = options.stream
    this.foundInScan = options.foundInScan
    this.changedAtMs = options.nowMs
    this.readAtMs = options.nowMs
  }

  /** Takes over where a stream stands. */
  resume(stream: string, offset: number, fingerprint: Fingerprint): void {
    this.stream = stream
    this.offset = offset
    this.scanned = offset
    this.fingerprint = fingerprint
  }

  /** Notes what the file looks like now. Returns whether anything changed since. */
  observe(facts: FileFacts, nowMs: number): boolean {
    if (facts.size === this.size && facts.modifiedNs === this.modifiedNs) return false
    this.size = facts.size
    this.modifiedNs = facts.modifiedNs
    this.changedAtMs = nowMs
    return true
  }

  /** Bytes that were not looked at. */
  get unread(): number {
    return this.size - this.scanned
  }

  /** Bytes of a last line without line feed. */
  get held(): number {
    return this.unread > 0 ? 0 : this.size - this.offset
  }

  /** Notes that the lines up to `to` were emitted. */
  taken(
    { to, scanned, fingerprint }: { to: number; scanned: number; fingerprint: Fingerprint },
    nowMs: number,
  ): void {
    this.offset = to
    this.scanned = scanned
    this.fingerprint = fingerprint
    this.readAtMs = nowMs
    this.behindSinceMs = this.unread > 0 ? nowMs : undefined
  }

  memo(fingerprint: Fingerprint): string {
    const { path, identity, rotated } = this
    return encodeMemo({ path, identity, fingerprint, rotated })
  }
}
