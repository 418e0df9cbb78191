import { readFile, stat } from 'node:fs/promises'

/** A certificate, a key: far less. */
export const FRESH_FILE_BYTES_MAX = 2 ** 20

/** The contents of files by the name they were asked for. */
export type Contents<Name extends string> = Readonly<Record<Name, Buffer>>

/**
 * Small files that others replace, such as mounted secrets. Told apart by inode, size and time of
 * change, so that looking costs a `stat` each.
 */
export class FreshFiles<Name extends string> {
  readonly #paths: Readonly<Record<Name, string>>
  #versions: string | undefined

  constructor(paths: Readonly<Record<Name, string>>) {
    this.#paths = paths
  }

  /** The contents if any of them changed since the last call, else undefined. Rejects with PathError. */
  async changes(): Promise<Contents<Name> | undefined> {
    const versions: string[] = []
    for (const path of this.#list()) versions.push(await versionOf(path))
    const all = versions.join(' ')
    if (all === this.#versions) return undefined
    const contents = {} as Record<Name, Buffer>
    for (const name of Object.keys(this.#paths) as Name[])
      contents[name] = await onPath(this.#paths[name], (path) => readFile(path))
    this.#versions = all
    return contents
  }

  #list(): string[] {
    return Object.values(this.#paths)
  }
}

/** What failed on which file. */
export class PathError extends Error {
  readonly path: string

  constructor(path: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause })
    this.path = path
  }
}

function versionOf(path: string): Promise<string> {
  return onPath(path, async () => {
    const { ino, size, mtimeMs, ctimeMs } = await stat(path)
    if (size > FRESH_FILE_BYTES_MAX)
      throw new Error(`it has ${size} bytes, the most is ${FRESH_FILE_BYTES_MAX}`)
    return `${ino}-${size}-${mtimeMs}-${ctimeMs}`
  })
}

async function onPath<Result>(
  path: string,
  run: (path: string) => Promise<Result>,
): Promise<Result> {
  try {
    return await run(path)
  } catch (thrown) {
    throw new PathError(path, thrown)
  }
}
