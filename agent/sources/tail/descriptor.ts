import * as fs from 'node:fs'

/** What tells one file from another; numbers as text, since inodes may exceed 2^53. */
export interface Identity {
  readonly device: string
  readonly inode: string
  /** Creation time in ns, '0' where the file system does not tell: a reused inode has another one. */
  readonly born: string
}

/** Facts about a file at one moment. */
export interface FileFacts {
  readonly identity: Identity
  readonly size: number
  /** Changes whenever the content does, as far as the clock of the file system is fine enough. */
  readonly modifiedNs: bigint
  /** Number of names; 0: deleted. */
  readonly links: number
}

/** One string per inode of this machine, for maps. */
export function identityKey(identity: Identity): string {
  return `${identity.device}:${identity.inode}`
}

/** Facts about the regular file at `path`, or undefined when there is none. */
export function factsAt(path: string): FileFacts | undefined {
  const stats = fs.statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats?.isFile() ? factsOf(stats) : undefined
}

function factsOf(stats: fs.BigIntStats): FileFacts {
  return {
    identity: {
      device: String(stats.dev),
      inode: String(stats.ino),
      born: String(stats.birthtimeNs),
    },
    size: Number(stats.size),
    modifiedNs: stats.mtimeNs,
    links: Number(stats.nlink),
  }
}

/**
 * An open file by its number: Node ends the process when an open FileHandle is collected, and a
 * number has exactly one owner, this object. Errors are Node's system errors.
 *
 * Status and small reads are synchronous on purpose: 1,000 of them take 1 ms on a local file system,
 * a tenth of what the thread pool costs. Bulk reads go through the pool, since they may wait for the
 * disk and their copying runs beside the line scan.
 */
export class Descriptor {
  readonly #fd: number
  #closed = false

  constructor(path: string) {
    // Without O_NONBLOCK a name that became a pipe since it was looked at would stop the process.
    this.#fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK)
  }

  facts(): FileFacts {
    return factsOf(fs.fstatSync(this.#fd, { bigint: true }))
  }

  /** Reads up to `buffer.length` bytes; less only at the end of the file. */
  async read(buffer: Buffer, position: number): Promise<number> {
    let done = 0
    while (done < buffer.length) {
      const bytes = await this.#readOnce(buffer, done, position + done)
      if (bytes === 0) break
      done += bytes
    }
    return done
  }

  #readOnce(buffer: Buffer, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, buffer, at, buffer.length - at, position, (error, bytes) => {
        if (error) reject(error)
        else resolve(bytes)
      })
    })
  }

  /** The bytes [from, to), or undefined when the file ends before `to`. For small ranges. */
  range(from: number, to: number): Buffer | undefined {
    const buffer = Buffer.allocUnsafe(to - from)
    let done = 0
    while (done < buffer.length) {
      const bytes = fs.readSync(this.#fd, buffer, done, buffer.length - done, from + done)
      if (bytes === 0) return undefined
      done += bytes
    }
    return buffer
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    fs.closeSync(this.#fd)
  }
}
