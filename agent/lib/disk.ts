import * as fs from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

/**
 * The one door to the disk for everything whose durability we promise. The double in
 * test/sim/disk.ts loses what was not synced, tears, shortens and fails the n-th call.
 *
 * Durability is as in POSIX and no better: data after `datasync`, names after `syncDirectory`.
 * Errors are Node's system errors with their `code`.
 */
export interface Disk {
  /** Opens for reading and writing. `create` makes a new empty file and fails with EEXIST. */
  open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile>
  /** Makes the directory and its parents. Syncing the parents is the caller's part. */
  makeDirectory(path: string): Promise<void>
  /** Names in a directory, sorted. */
  list(path: string): Promise<string[]>
  /** Size in bytes, or undefined when there is no such file. */
  size(path: string): Promise<number | undefined>
  rename(from: string, to: string): Promise<void>
  /** Removes a file or an empty directory; no error when it is not there. */
  remove(path: string): Promise<void>
  /** Makes names in the directory (created, renamed, removed) durable. */
  syncDirectory(path: string): Promise<void>
  /** Takes an exclusive lock that ends with the process; undefined when another holds it. */
  lock(path: string): Promise<DiskLock | undefined>
}

export interface DiskFile {
  /** Reads up to `buffer.length` bytes; less only at the end of the file. */
  read(buffer: Uint8Array, position: number): Promise<number>
  /** Writes the buffers one after the other. Resolves to bytes written, which may be fewer. */
  write(buffers: readonly Uint8Array[], position: number): Promise<number>
  /** fdatasync. After a failure the file's unsynced data is in an unknown state: never retry. */
  datasync(): Promise<void>
  truncate(length: number): Promise<void>
  size(): Promise<number>
  close(): Promise<void>
}

export interface DiskLock {
  release(): void
}

const openFile = promisify(fs.open)
const closeFile = promisify(fs.close)
const datasyncFile = promisify(fs.fdatasync)
const syncFile = promisify(fs.fsync)
const truncateFile = promisify(fs.ftruncate)
const statFile = promisify(fs.fstat)

/** SQLite's code for a lock that another holds. */
const SQLITE_BUSY = 5

/** Most buffers one writev takes (IOV_MAX on Linux). */
const VECTORS_MAX = 1024

/**
 * A file by its numeric descriptor: Node ends the process when an open FileHandle is collected, and
 * a number has exactly one owner, this object.
 */
class NodeFile implements DiskFile {
  readonly #fd: number
  #closed = false

  constructor(fd: number) {
    this.#fd = fd
  }

  async read(buffer: Uint8Array, position: number): Promise<number> {
    let done = 0
    while (done < buffer.length) {
      const bytes = await this.#readOnce(buffer, done, position + done)
      if (bytes === 0) break
      done += bytes
    }
    return done
  }

  #readOnce(buffer: Uint8Array, at: number, position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.read(this.#fd, buffer, at, buffer.length - at, position, (error, bytes) => {
        if (error) reject(error)
        else resolve(bytes)
      })
    })
  }

  async write(buffers: readonly Uint8Array[], position: number): Promise<number> {
    let done = 0
    for (let i = 0; i < buffers.length; i += VECTORS_MAX) {
      const part = buffers.slice(i, i + VECTORS_MAX)
      const asked = part.reduce((sum, each) => sum + each.length, 0)
      const written = await this.#writeOnce(part, position + done)
      done += written
      // A short write is reported, not continued: on a full tmpfs the rest would never fit and the
      // caller has to seal the file (DATA-PLANE "short writes").
      if (written < asked) break
    }
    return done
  }

  #writeOnce(buffers: Uint8Array[], position: number): Promise<number> {
    return new Promise((resolve, reject) => {
      fs.writev(this.#fd, buffers, position, (error, bytes) => {
        if (error) reject(error)
        else resolve(bytes)
      })
    })
  }

  datasync(): Promise<void> {
    return datasyncFile(this.#fd)
  }

  truncate(length: number): Promise<void> {
    return truncateFile(this.#fd, length)
  }

  async size(): Promise<number> {
    return (await statFile(this.#fd)).size
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await closeFile(this.#fd)
  }
}

const OPEN_FLAGS = {
  read: fs.constants.O_RDONLY,
  write: fs.constants.O_RDWR,
  create: fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_EXCL,
}

export const nodeDisk: Disk = {
  async open(path, mode) {
    return new NodeFile(await openFile(path, OPEN_FLAGS[mode], 0o640))
  },

  makeDirectory: (path) => makeDirectories(path),

  async list(path) {
    return (await fs.promises.readdir(path)).sort()
  },

  async size(path) {
    try {
      return (await fs.promises.stat(path)).size
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return undefined
      throw error
    }
  },

  rename: (from, to) => fs.promises.rename(from, to),

  async remove(path) {
    try {
      await fs.promises.unlink(path)
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (code === 'ENOENT') return
      // Linux says EISDIR, macOS EPERM.
      if (code !== 'EISDIR' && code !== 'EPERM') throw error
      await fs.promises.rmdir(path)
    }
  },

  async syncDirectory(path) {
    const fd = await openFile(path, fs.constants.O_RDONLY | fs.constants.O_DIRECTORY)
    try {
      await syncFile(fd)
    } finally {
      await closeFile(fd)
    }
  },

  async lock(path) {
    // An exclusive SQLite transaction: holds across pid namespaces and is free at once after SIGKILL.
    // It is no fence across nodes.
    const { DatabaseSync } = await import('node:sqlite')
    await makeDirectories(dirname(path))
    const database = new DatabaseSync(path)
    try {
      database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
    } catch (error) {
      database.close()
      if ((error as { errcode?: unknown }).errcode === SQLITE_BUSY) return undefined
      throw error
    }
    return { release: () => database.close() }
  },
}

/**
 * Node's own `recursive` never returns, and keeps a thread of the pool busy, where a parent is there
 * and the system says ENOENT all the same, as below /proc.
 */
async function makeDirectories(path: string): Promise<void> {
  try {
    await makeOne(path)
  } catch (error) {
    const parent = dirname(path)
    if ((error as { code?: unknown }).code !== 'ENOENT' || parent === path) throw error
    await makeDirectories(parent)
    await makeOne(path)
  }
}

async function makeOne(path: string): Promise<void> {
  try {
    await fs.promises.mkdir(path, { mode: 0o750 })
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'EEXIST') throw error
    if (!(await fs.promises.stat(path)).isDirectory()) throw error
  }
}
