import { badRequest } from './answer.ts'
import type { Answer } from './answer.ts'

/** The charsets of Flume's JSON handler. */
export type Charset = 'utf-8' | 'utf-16' | 'utf-32'

const NAMES: ReadonlyMap<string, Charset> = new Map([
  ['utf-8', 'utf-8'],
  ['utf8', 'utf-8'],
  ['utf-16', 'utf-16'],
  ['utf-32', 'utf-32'],
])

const UTF32_UNIT = 4
const CODE_POINT_MAX = 0x10ffff

/** The charset of a Content-Type, UTF-8 without one; undefined for any other. */
export function charsetOf(contentType: string | undefined): Charset | undefined {
  const match = /;\s*charset\s*=\s*(?:"([^"]*)"|([^\s;]*))/i.exec(contentType ?? '')
  if (match === null) return 'utf-8'
  return NAMES.get((match[1] ?? match[2]!).trim().toLowerCase())
}

/**
 * Bytes as text, a byte order mark left out. Without one UTF-16 and UTF-32 are big-endian, as in Java
 * and RFC 2781. Bytes that are not of the charset are refused: to replace them would change events
 * without anybody noticing.
 */
export function decode(bytes: Buffer, charset: Charset): string | Answer {
  if (charset === 'utf-32') return decodeUtf32(bytes)
  const encoding = charset === 'utf-8' ? 'utf-8' : isLittleEndian(bytes) ? 'utf-16le' : 'utf-16be'
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes)
  } catch {
    return notOf(charset, firstInvalid(bytes, encoding))
  }
}

function isLittleEndian(bytes: Buffer): boolean {
  return bytes.length >= 2 && bytes[0] === 0xff && bytes[1] === 0xfe
}

function notOf(charset: Charset, offset: number): Answer {
  const name = charset.toUpperCase()
  return badRequest(
    `the body is not ${name} from byte ${offset} on; send ${name}, or name the charset it has in Content-Type`,
  )
}

/** Where bytes differ from what they become when what cannot be read is replaced. */
function firstInvalid(bytes: Buffer, encoding: string): number {
  const text = new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes)
  const again = Buffer.from(text, encoding === 'utf-8' ? 'utf8' : 'utf16le')
  if (encoding === 'utf-16be') again.swap16()
  let at = 0
  while (at < bytes.length && bytes[at] === again[at]) at++
  return at
}

function decodeUtf32(bytes: Buffer): string | Answer {
  if (bytes.length % UTF32_UNIT !== 0) return notOf('utf-32', bytes.length)
  const little = bytes.length >= UTF32_UNIT && bytes.readUInt32LE(0) === 0xfeff
  const marked = little || (bytes.length >= UTF32_UNIT && bytes.readUInt32BE(0) === 0xfeff)
  // Two units of UTF-16 take the room of one character of UTF-32 at most.
  const text = Buffer.allocUnsafe(bytes.length)
  let length = 0
  for (let at = marked ? UTF32_UNIT : 0; at < bytes.length; at += UTF32_UNIT) {
    const point = little ? bytes.readUInt32LE(at) : bytes.readUInt32BE(at)
    if (point > CODE_POINT_MAX || (point >= 0xd800 && point <= 0xdfff)) return notOf('utf-32', at)
    if (point > 0xffff) {
      length = text.writeUInt16LE(0xd800 + ((point - 0x10000) >> 10), length)
      length = text.writeUInt16LE(0xdc00 + ((point - 0x10000) & 0x3ff), length)
    } else {
      length = text.writeUInt16LE(point, length)
    }
  }
  return text.toString('utf16le', 0, length)
}

/** Texts one behind the other as bytes of a charset. */
export interface Encoded {
  readonly bodies: Buffer
  /** Where each ends. */
  readonly ends: Uint32Array
}

/**
 * Texts in the charset of their request, byte for byte as Flume writes them: UTF-16 is big-endian with a
 * byte order mark before each text that is not empty, UTF-32 is big-endian without. Half a surrogate
 * pair becomes U+FFFD.
 */
export function encode(texts: readonly string[], charset: Charset): Encoded {
  if (charset === 'utf-16') return encodeEach(texts, utf16Length, writeUtf16)
  if (charset === 'utf-32') return encodeEach(texts, utf32Length, writeUtf32)
  const all = texts.join('')
  const bytes = Buffer.byteLength(all)
  if (bytes !== all.length) return encodeEach(texts, utf8Length, writeUtf8)
  // As many bytes as characters: all is ASCII, and one call writes it.
  const bodies = Buffer.allocUnsafeSlow(bytes)
  bodies.write(all, 'latin1')
  const ends = new Uint32Array(texts.length)
  let at = 0
  for (let i = 0; i < texts.length; i++) ends[i] = at += texts[i]!.length
  return { bodies, ends }
}

function encodeEach(
  texts: readonly string[],
  lengthOf: (text: string) => number,
  write: (into: Buffer, text: string, at: number) => void,
): Encoded {
  const ends = new Uint32Array(texts.length)
  let bytes = 0
  for (let i = 0; i < texts.length; i++) ends[i] = bytes += lengthOf(texts[i]!)
  const bodies = Buffer.allocUnsafeSlow(bytes)
  for (let i = 0; i < texts.length; i++) write(bodies, texts[i]!, i === 0 ? 0 : ends[i - 1]!)
  return { bodies, ends }
}

function utf8Length(text: string): number {
  return Buffer.byteLength(text, 'utf8')
}

function writeUtf8(into: Buffer, text: string, at: number): void {
  into.write(text, at, 'utf8')
}

function utf16Length(text: string): number {
  return text.length === 0 ? 0 : 2 + 2 * text.length
}

function writeUtf16(into: Buffer, text: string, at: number): void {
  if (text.length === 0) return
  const end = at + utf16Length(text)
  into.write('\ufeff', at, 'utf16le')
  into.write(text.toWellFormed(), at + 2, 'utf16le')
  into.subarray(at, end).swap16()
}

function utf32Length(text: string): number {
  let points = 0
  for (let i = 0; i < text.length; points++) i += text.codePointAt(i)! > 0xffff ? 2 : 1
  return UTF32_UNIT * points
}

function writeUtf32(into: Buffer, text: string, at: number): void {
  let next = at
  for (const character of text.toWellFormed()) {
    next = into.writeUInt32BE(character.codePointAt(0)!, next)
  }
}
