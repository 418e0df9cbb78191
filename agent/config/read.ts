import { isUtf8 } from 'node:buffer'
import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../core/errors.ts'
import type { Problem } from './problem.ts'

/** A manifest is written by people: more than this is the wrong file. */
export const FILE_BYTES_MAX = 4 * 2 ** 20
const FILES_MAX = 1000

/** What `-f -` is called in messages. */
export const STDIN_NAME = '<stdin>'

export interface TextFile {
  readonly name: string
  readonly text: string
}

export interface ReadResult {
  /** In the order given; the files of a directory by name. */
  readonly texts: readonly TextFile[]
  /** All files that were looked for, for a watcher: those that could not be read too. */
  readonly files: readonly string[]
  readonly problems: readonly Problem[]
}

/** Reads files, the `.yaml` and `.yml` files of directories, and `-`, the standard input. */
export async function readTexts(
  paths: readonly string[],
  stdin?: AsyncIterable<Uint8Array>,
): Promise<ReadResult> {
  const texts: TextFile[] = []
  const files: string[] = []
  const problems: Problem[] = []
  for (const path of paths) {
    try {
      if (path === '-') {
        texts.push({ name: STDIN_NAME, text: decode(await collect(stdin ?? process.stdin)) })
        continue
      }
      files.push(...(await expand(path)))
    } catch (error) {
      problems.push(unreadable(path, error))
    }
  }
  const unique = [...new Set(files)]
  if (unique.length > FILES_MAX)
    problems.push(unreadable(unique[FILES_MAX]!, new Refusal(`more than ${FILES_MAX} files`)))
  for (const name of unique.slice(0, FILES_MAX)) {
    try {
      texts.push({ name, text: decode(await readBounded(name)) })
    } catch (error) {
      problems.push(unreadable(name, error))
    }
  }
  return { texts, files: unique, problems }
}

/** A reason of ours, with the line where there is one. */
class Refusal extends Error {
  readonly line: number

  constructor(message: string, line = 0) {
    super(message)
    this.line = line
  }
}

/** Names that begin with a dot are skipped: a mounted ConfigMap keeps its versions under `..data`. */
async function expand(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path]
  const names = (await readdir(path)).filter((name) => /^[^.].*\.ya?ml$/.test(name)).sort()
  if (names.length === 0) throw new Refusal('the directory has no .yaml or .yml file')
  return names.map((name) => join(path, name))
}

async function readBounded(path: string): Promise<Buffer> {
  const file = await open(path, 'r')
  try {
    if ((await file.stat()).isDirectory()) throw new Refusal('it is a directory')
    return await collect(file.createReadStream({ autoClose: false }))
  } finally {
    await file.close()
  }
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of chunks) {
    bytes += chunk.length
    if (bytes > FILE_BYTES_MAX) throw new Refusal(`it has more than ${FILE_BYTES_MAX} bytes`)
    parts.push(chunk)
  }
  return Buffer.concat(parts)
}

/** UTF-8 only. Latin-1 or UTF-16 would become other names and regexes without a word. */
function decode(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString()
  let line = 1
  for (let start = 0; start < bytes.length; line++) {
    const end = bytes.indexOf(0x0a, start) + 1 || bytes.length
    if (!isUtf8(bytes.subarray(start, end))) break
    start = end
  }
  throw new Refusal('the text is not UTF-8', line)
}

function unreadable(file: string, error: unknown): Problem {
  const line = error instanceof Refusal ? error.line : 0
  return { code: 'FLM1101', file, line, path: '', message: `cannot read: ${reasonOf(error)}` }
}

function reasonOf(error: unknown): string {
  const code = systemCode(error)
  if (code === 'ENOENT') return 'there is no such file or directory'
  if (code === 'EACCES') return 'permission denied'
  return error instanceof Error ? error.message : String(error)
}
