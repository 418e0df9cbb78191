import type { Node, Tree } from './tree.ts'

/** The POSIX format of archives, as far as layers and images need it. */

const BLOCK = 512
const END = Buffer.alloc(2 * BLOCK)
const TYPES: Readonly<Record<Node['type'], string>> = { file: '0', link: '2', directory: '5' }
const NAME_BYTES_MAX = 100

/** The bytes of an archive, piece by piece: the same tree makes the same ones. */
export function* tar(tree: Tree): Generator<Buffer> {
  for (const path of [...tree.keys()].sort()) {
    const node = tree.get(path)!
    const name = node.type === 'directory' ? `${path}/` : path
    const target = node.type === 'link' ? node.target : ''
    const records = { ...long('path', name), ...long('linkpath', target) }
    if (Object.keys(records).length > 0) yield* extended(records)
    const content = node.type === 'file' ? node.content() : Buffer.alloc(0)
    const mode = node.type === 'link' ? 0o777 : node.mode
    yield header({ name, mode, size: content.length, type: TYPES[node.type], target })
    yield* padded(content)
  }
  yield END
}

/** What does not fit into a header goes into one of its own before it (pax). */
function long(key: string, value: string): Record<string, string> {
  return Buffer.byteLength(value) > NAME_BYTES_MAX ? { [key]: value } : {}
}

function* extended(records: Readonly<Record<string, string>>): Generator<Buffer> {
  const lines = Object.entries(records).map(([key, value]) => record(key, value))
  const content = Buffer.from(lines.join(''))
  yield header({ name: 'pax', mode: 0o644, size: content.length, type: 'x', target: '' })
  yield* padded(content)
}

/** `30 path=…\n`; the number is the length of the whole line, its own digits included. */
function record(key: string, value: string): string {
  const rest = ` ${key}=${value}\n`
  let length = Buffer.byteLength(rest)
  while (String(length).length + Buffer.byteLength(rest) !== length) {
    length = String(length).length + Buffer.byteLength(rest)
  }
  return `${length}${rest}`
}

function* padded(content: Buffer): Generator<Buffer> {
  if (content.length === 0) return
  yield content
  const rest = content.length % BLOCK
  if (rest > 0) yield Buffer.alloc(BLOCK - rest)
}

interface Header {
  readonly name: string
  readonly mode: number
  readonly size: number
  readonly type: string
  readonly target: string
}

/** Owner 0 (root), time 0. A name that is too long is cut: the real one stands in the record before. */
function header({ name, mode, size, type, target }: Header): Buffer {
  const block = Buffer.alloc(BLOCK)
  const text = (value: string, at: number, length: number): void => {
    Buffer.from(value).copy(block, at, 0, length)
  }
  const octal = (value: number, at: number, length: number): void => {
    text(value.toString(8).padStart(length - 1, '0'), at, length - 1)
  }
  text(name, 0, NAME_BYTES_MAX)
  octal(mode, 100, 8)
  octal(0, 108, 8)
  octal(0, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  text(' '.repeat(8), 148, 8)
  text(type, 156, 1)
  text(target, 157, NAME_BYTES_MAX)
  text('ustar\u000000', 257, 8)
  const sum = block.reduce((total, byte) => total + byte, 0)
  text(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 8)
  return block
}
