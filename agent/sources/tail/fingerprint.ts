import { hash } from 'node:crypto'
import type { Descriptor, Identity } from './descriptor.ts'

/**
 * What a position remembers of its file, so that the file is found again after a restart whatever
 * happened to it meanwhile:
 *
 *   |<-- head, at most 1,024 -->|                    |<-- tail, at most 256 -->|
 *   |===========================|====================|=========================|------ unread ---
 *   0                                                                          at
 *
 * Both windows lie before `at`: bytes that were read never change in a file that only grows.
 */
export interface Fingerprint {
  /** Offset after the tail. */
  readonly at: number
  readonly head: Window
  readonly tail: Window
}

export interface Window {
  readonly bytes: number
  readonly hash: string
}

export const HEAD_BYTES = 1024
export const TAIL_BYTES = 256

const NOTHING: Window = { bytes: 0, hash: '' }

/** Of a file of which nothing was read. */
export const EMPTY_FINGERPRINT: Fingerprint = { at: 0, head: NOTHING, tail: NOTHING }

function windowOf(bytes: Buffer): Window {
  if (bytes.length === 0) return NOTHING
  return { bytes: bytes.length, hash: hash('sha256', bytes, 'base64url').slice(0, 22) }
}

/** How many bytes before `offset` a read has to bring along to check and to renew a fingerprint. */
export function leadBytes(offset: number): number {
  return offset <= HEAD_BYTES ? offset : TAIL_BYTES
}

/** The fingerprint at `to`, from a buffer that starts at `start` = offset − leadBytes(offset). */
export function advance(
  before: Fingerprint,
  buffer: Buffer,
  start: number,
  to: number,
): Fingerprint {
  const head =
    before.head.bytes === HEAD_BYTES
      ? before.head
      : windowOf(buffer.subarray(0, Math.min(HEAD_BYTES, to)))
  const tail = windowOf(buffer.subarray(Math.max(0, to - TAIL_BYTES) - start, to - start))
  return { at: to, head, tail }
}

/** Whether a buffer that starts at `start` still has what the fingerprint remembers. */
export function holdsIn(fingerprint: Fingerprint, buffer: Buffer, start: number): boolean {
  const { at, head, tail } = fingerprint
  if (buffer.length < at - start) return false
  if (start === 0 && windowOf(buffer.subarray(0, head.bytes)).hash !== head.hash) return false
  return windowOf(buffer.subarray(at - tail.bytes - start, at - start)).hash === tail.hash
}

/** Whether the file still has, or has too, what the fingerprint remembers. */
export function holdsFor(fingerprint: Fingerprint, file: Descriptor): boolean {
  const { at, head, tail } = fingerprint
  const last = file.range(at - tail.bytes, at)
  if (last === undefined || windowOf(last).hash !== tail.hash) return false
  const first = file.range(0, head.bytes)
  return first !== undefined && windowOf(first).hash === head.hash
}

/** The fingerprint of a file at `at`, or undefined when the file ends before. */
export function fingerprintAt(file: Descriptor, at: number): Fingerprint | undefined {
  const head = file.range(0, Math.min(HEAD_BYTES, at))
  const tail = file.range(Math.max(0, at - TAIL_BYTES), at)
  if (head === undefined || tail === undefined) return undefined
  return { at, head: windowOf(head), tail: windowOf(tail) }
}

/** What is stored beside a position: at most 1 KiB of JSON. */
export interface Memo {
  /** Where the file was; shortened from the left when it is very long. */
  readonly path: string
  readonly identity: Identity
  readonly fingerprint: Fingerprint
  /** The file was renamed or is a copy: its unterminated rest is not waited for. */
  readonly rotated: boolean
}

const PATH_BYTES_MAX = 560

export function encodeMemo(memo: Memo): string {
  const { identity, fingerprint } = memo
  return JSON.stringify({
    v: 1,
    path: memoPath(memo.path),
    dev: identity.device,
    ino: identity.inode,
    born: identity.born,
    at: fingerprint.at,
    head: [fingerprint.head.bytes, fingerprint.head.hash],
    tail: [fingerprint.tail.bytes, fingerprint.tail.hash],
    ...(memo.rotated ? { rotated: true } : {}),
  })
}

/** The path as memos keep it. */
export function memoPath(path: string): string {
  // JSON needs up to six bytes for a character, UTF-8 up to three; ordinary paths stay whole.
  if (Buffer.byteLength(JSON.stringify(path)) <= PATH_BYTES_MAX) return path
  let kept = path.slice(-Math.floor(PATH_BYTES_MAX / 2))
  while (Buffer.byteLength(JSON.stringify(kept)) > PATH_BYTES_MAX) kept = kept.slice(16)
  return kept
}

/** The memo in `text`, or undefined when it is none of ours. */
export function parseMemo(text: string): Memo | undefined {
  let value: Record<string, unknown>
  try {
    value = { ...(JSON.parse(text) as Record<string, unknown> | null) }
  } catch {
    return undefined
  }
  const { path, dev, ino, born, at } = value
  const head = parseWindow(value['head'])
  const tail = parseWindow(value['tail'])
  if (value['v'] !== 1 || head === undefined || tail === undefined) return undefined
  if (typeof path !== 'string' || typeof at !== 'number') return undefined
  if (typeof dev !== 'string' || typeof ino !== 'string' || typeof born !== 'string') {
    return undefined
  }
  return {
    path,
    identity: { device: dev, inode: ino, born },
    fingerprint: { at, head, tail },
    rotated: value['rotated'] === true,
  }
}

function parseWindow(value: unknown): Window | undefined {
  if (!Array.isArray(value)) return undefined
  const [bytes, digest] = value as unknown[]
  if (typeof bytes !== 'number' || typeof digest !== 'string') return undefined
  return { bytes, hash: digest }
}
