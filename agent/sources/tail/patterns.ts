import * as fs from 'node:fs'
import { basename, dirname, matchesGlob, resolve } from 'node:path'

/** Files that belong together and the headers their events get. */
export interface FileGroup {
  readonly name: string
  readonly headers: Readonly<Record<string, string>>
}

export interface PatternOptions {
  readonly groups: readonly (FileGroup & { readonly files: readonly string[] })[]
  readonly exclude: readonly string[]
}

/** A directory whose entries changed that long ago is not listed again: clocks of disks are coarse. */
const SETTLED_NS = 2_000_000_000n

/**
 * The files that patterns match at this moment. Listing 1,000 files costs 6 ms; a pattern in one
 * fixed directory is therefore listed again only after the directory changed.
 */
export class FilePatterns {
  readonly #patterns: readonly Pattern[]
  readonly #exclude: readonly ((path: string) => boolean)[]

  constructor(options: PatternOptions) {
    this.#patterns = options.groups.flatMap((group) =>
      group.files.map((pattern) => new Pattern(resolve(pattern), group)),
    )
    this.#exclude = options.exclude.map(exclusion)
  }

  /** Absolute paths in the order of the patterns, each with the first group it belongs to. */
  async list(nowMs: number): Promise<ReadonlyMap<string, FileGroup>> {
    const found = new Map<string, FileGroup>()
    for (const pattern of this.#patterns) {
      for (const path of await pattern.list(nowMs, this.#exclude)) {
        if (!found.has(path)) found.set(path, pattern.group)
      }
    }
    return found
  }

  /** The first group a path belongs to, whether there is such a file or not. */
  groupOf(path: string): FileGroup | undefined {
    if (this.#exclude.some((each) => each(path))) return undefined
    return this.#patterns.find((pattern) => pattern.matches(path))?.group
  }
}

function exclusion(pattern: string): (path: string) => boolean {
  // `*.gz` and `**/*.gz` mean a name anywhere, below hidden directories too; others are paths.
  const name = pattern.startsWith('**/') ? pattern.slice(3) : pattern
  if (!name.includes('/')) return (path) => matchesGlob(basename(path), name)
  const whole = pattern.startsWith('**/') ? pattern : resolve(pattern)
  return (path) => matchesGlob(path, whole)
}

class Pattern {
  readonly group: FileGroup
  readonly #pattern: string
  /** The directory all matches are in; undefined when the pattern walks. */
  readonly #directory: string | undefined
  #listed: readonly string[] = []
  #listedAt: string | undefined

  constructor(pattern: string, group: FileGroup) {
    this.group = group
    this.#pattern = pattern
    const directory = dirname(pattern)
    this.#directory = /[*?[\]{}!()\\]/.test(directory) ? undefined : directory
  }

  matches(path: string): boolean {
    return matchesGlob(path, this.#pattern)
  }

  async list(
    nowMs: number,
    exclude: readonly ((path: string) => boolean)[],
  ): Promise<readonly string[]> {
    // The state is from before the listing: what comes during it makes the next scan list again.
    const state = this.#directoryState(nowMs)
    if (state !== undefined && state === this.#listedAt) return this.#listed
    const paths: string[] = []
    for await (const path of fs.promises.glob(this.#pattern)) {
      if (!exclude.some((each) => each(path))) paths.push(path)
    }
    this.#listed = paths.sort()
    this.#listedAt = state
    return this.#listed
  }

  /** Changes with the names in the fixed directory; undefined while they may be changing. */
  #directoryState(nowMs: number): string | undefined {
    if (this.#directory === undefined) return undefined
    let stats: fs.BigIntStats | undefined
    try {
      stats = fs.statSync(this.#directory, { bigint: true, throwIfNoEntry: false })
    } catch {
      // A directory that may not be looked at has no files for us; others are not affected.
      return undefined
    }
    if (stats === undefined) return undefined
    const settled = BigInt(Math.trunc(nowMs)) * 1_000_000n - stats.mtimeNs > SETTLED_NS
    return settled ? `${stats.ino}:${stats.mtimeNs}` : undefined
  }
}
