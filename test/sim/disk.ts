import { posix } from 'node:path'
import type { Disk, DiskFile, DiskLock } from '../../agent/lib/disk.ts'
import { CALL_KINDS, Faults, systemError } from './disk-faults.ts'
import type { CallKind, FaultPlan } from './disk-faults.ts'
import { BLOCK_BYTES, DirectoryNode, FileNode } from './disk-node.ts'
import type { ChooseBlock, DiskNode } from './disk-node.ts'
import type { SeededRandom } from './random.ts'

export interface SimDiskOptions {
  readonly random: SeededRandom
  /** Bytes of blocks the disk holds; may be changed at any time. */
  readonly capacityBytes?: number
  /**
   * 'mixed': calls take a random number of turns of the event loop and overtake each other; 'none':
   * each takes effect at once and resolves in the next microtask.
   */
  readonly latency?: 'mixed' | 'none'
}

export interface DiskCall {
  /** Counts all calls of this disk from 1. */
  readonly index: number
  readonly kind: CallKind
  readonly path: string
  /** Code of the error it ends with. */
  readonly error: string | undefined
}

export type CrashKind = 'kill' | 'power'

/** What of the unsynced data and names a power loss leaves; random where not given. */
export interface PowerLossOptions {
  readonly data?: 'none' | 'all' | 'blocks' | 'torn'
  readonly names?: 'none' | 'all' | 'prefix' | 'subset'
  /** Overrides `data` for single blocks; block -1 stands for the length. */
  readonly chooseBlock?: (path: string, block: number, versions: number) => number
}

interface InFlight {
  readonly call: CallKind
  readonly path: string
  /** Takes a part of its effect, for a crash in the middle of the call. */
  readonly tear: ((random: SeededRandom) => void) | undefined
}

const TRACE_MAX = 400
const STALE_MAX = 32

/**
 * A disk in memory that keeps what POSIX promises and nothing more: data after `datasync`, names
 * after `syncDirectory`. `crash` gives the disk that the next process finds; this one is dead from
 * then on: its calls never settle, as those of a killed process.
 *
 * Everything random comes from the seeded generator: the same seed and the same calls give the same
 * trace, latencies and images.
 */
export class SimDisk implements Disk {
  readonly faults = new Faults()
  /** Calls by kind since this image was made. */
  readonly counts = Object.fromEntries(CALL_KINDS.map((kind) => [kind, 0])) as Record<
    CallKind,
    number
  >
  capacityBytes: number
  /** May be changed at any time, as for a part of a run that is not what it is about. */
  latency: 'mixed' | 'none'
  /** Bytes taken by others on the same file system. */
  foreignBytes = 0
  /** The error of a full disk: ENOSPC, or EDQUOT where a quota ran out. */
  fullCode: 'ENOSPC' | 'EDQUOT' = 'ENOSPC'
  /** Called after each call took effect, before its caller hears of it. */
  onCall: ((call: DiskCall) => void) | undefined
  /** The last calls, for the report of a failed run. */
  readonly trace: string[] = []
  readonly #random: SeededRandom
  readonly #locks = new Set<DiskNode>()
  readonly #inFlight = new Set<InFlight>()
  readonly #stale: Buffer[] = []
  #root = new DirectoryNode()
  #calls = 0
  #nameOrder = 0
  #halted = false

  constructor(options: SimDiskOptions) {
    this.#random = options.random
    this.latency = options.latency ?? 'mixed'
    this.capacityBytes = options.capacityBytes ?? Infinity
  }

  get calls(): number {
    return this.#calls
  }

  get halted(): boolean {
    return this.#halted
  }

  /** Bytes in blocks of files that have a name or are open. */
  get usedBytes(): number {
    let blocks = 0
    for (const { node } of this.#files()) blocks += node.allocated
    return blocks * BLOCK_BYTES
  }

  // The interface of the product.

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<DiskFile> {
    const kind = mode === 'create' ? 'create' : 'open'
    return this.#call(kind, path, () => {
      const { directory, name } = this.#parent(path, 'open')
      const existing = directory.names.get(name)
      if (mode !== 'create') {
        if (existing === undefined) throw systemError('ENOENT', 'open', path)
        if (!(existing instanceof FileNode)) throw systemError('EISDIR', 'open', path)
        return this.#handle(existing, path, mode === 'write')
      }
      if (existing !== undefined) throw systemError('EEXIST', 'open', path)
      // An inode and a name take room too.
      this.#needBlock('open', path)
      const file = new FileNode()
      directory.change(this.#nameOrder++, [{ name, node: file }])
      return this.#handle(file, path, true)
    })
  }

  async makeDirectory(path: string): Promise<void> {
    return this.#call('makeDirectory', path, () => {
      let directory = this.#root
      for (const name of parts(path)) {
        let next = directory.names.get(name)
        if (next === undefined) {
          this.#needBlock('mkdir', path)
          next = new DirectoryNode()
          directory.change(this.#nameOrder++, [{ name, node: next }])
        }
        if (next instanceof FileNode) throw systemError('EEXIST', 'mkdir', path)
        directory = next
      }
    })
  }

  async list(path: string): Promise<string[]> {
    return this.#call('list', path, () => [...this.#directory(path, 'scandir').names.keys()].sort())
  }

  async size(path: string): Promise<number | undefined> {
    return this.#call('stat', path, () => {
      const node = this.#find(path)
      return node instanceof FileNode ? node.length : node && BLOCK_BYTES
    })
  }

  async rename(from: string, to: string): Promise<void> {
    return this.#call('rename', `${from} → ${posix.basename(to)}`, () => {
      const source = this.#parent(from, 'rename')
      const target = this.#parent(to, 'rename')
      const node = source.directory.names.get(source.name)
      if (node === undefined) throw systemError('ENOENT', 'rename', from)
      if (source.directory === target.directory && source.name === target.name) return
      const link = { name: target.name, node }
      const unlink = { name: source.name, node: undefined }
      if (source.directory === target.directory) {
        source.directory.change(this.#nameOrder++, [link, unlink])
        return
      }
      target.directory.change(this.#nameOrder++, [link])
      source.directory.change(this.#nameOrder++, [unlink])
    })
  }

  async remove(path: string): Promise<void> {
    return this.#call('remove', path, () => {
      const { directory, name } = this.#parent(path, 'unlink')
      const node = directory.names.get(name)
      if (node === undefined) return
      if (node instanceof FileNode) this.#keepStale(node)
      else if (node.names.size > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
      directory.change(this.#nameOrder++, [{ name, node: undefined }])
    })
  }

  async syncDirectory(path: string): Promise<void> {
    return this.#call('syncDirectory', path, () => this.#directory(path, 'open').sync())
  }

  async lock(path: string): Promise<DiskLock | undefined> {
    return this.#call('lock', path, () => {
      this.#makeParents(path)
      const { directory, name } = this.#parent(path, 'lock')
      let node = directory.names.get(name)
      if (node === undefined) {
        node = new FileNode()
        directory.change(this.#nameOrder++, [{ name, node }])
      }
      if (this.#locks.has(node)) return undefined
      this.#locks.add(node)
      return { release: () => void this.#locks.delete(node) }
    })
  }

  // What tests do to the disk.

  /** Ends the process that uses the disk, and gives the disk the next one finds. */
  crash(kind: CrashKind, options: PowerLossOptions = {}): SimDisk {
    this.halt()
    return this.image(kind, options)
  }

  /** No call settles from now on. */
  halt(): void {
    if (this.#halted) return
    for (const each of this.#inFlight) {
      if (each.tear && this.#random.chance(0.5)) each.tear(this.#random)
    }
    this.#halted = true
    this.#locks.clear()
  }

  /** What the next process would find if this one were to end now. This one goes on. */
  image(kind: CrashKind, options: PowerLossOptions = {}): SimDisk {
    const copy = new SimDisk({
      random: this.#random.fork(),
      capacityBytes: this.capacityBytes,
      latency: this.latency,
    })
    copy.foreignBytes = this.foreignBytes
    copy.fullCode = this.fullCode
    copy.#stale.push(...this.#stale)
    copy.#nameOrder = this.#nameOrder
    copy.#root = kind === 'kill' ? this.#root.clone(new Map()) : this.#powerLoss(options)
    return copy
  }

  /** Everything written so far, data and names, becomes durable. */
  syncAll(): void {
    const visit = (directory: DirectoryNode): void => {
      directory.sync()
      for (const node of directory.names.values()) {
        if (node instanceof FileNode) node.sync()
        else visit(node)
      }
    }
    visit(this.#root)
  }

  /** Flips the bits of `mask` in one byte, on the medium and in the cache. */
  corrupt(path: string, position: number, mask: number): void {
    const node = this.#file(path)
    if (position >= node.length) throw new RangeError(`${path} has no byte ${position}`)
    node.corrupt(position, mask)
    this.#note(`corrupt ${path} ${position} ^${mask}`)
  }

  contentOf(path: string): Buffer {
    const node = this.#file(path)
    const content = Buffer.alloc(node.length)
    node.read(content, 0)
    return content
  }

  /** Puts a file there, durable. */
  place(path: string, content: Uint8Array): void {
    this.#makeParents(path)
    const { directory, name } = this.#parent(path, 'open')
    const node = new FileNode()
    node.write(content, 0)
    directory.change(this.#nameOrder++, [{ name, node }])
    this.syncAll()
  }

  /** Paths of all files, sorted. */
  paths(): string[] {
    return this.#files()
      .filter(({ node, path }) => this.#find(path) === node)
      .map(({ path }) => path)
      .sort()
  }

  /** Dirty blocks of a file: what a power loss can take. */
  dirtyBlocks(path: string): number[] {
    return [...this.#file(path).dirty.keys()].sort((a, b) => a - b)
  }

  // Inside.

  #powerLoss(options: PowerLossOptions): DirectoryNode {
    const random = this.#random.fork()
    const data =
      options.data ?? random.pick(['none', 'all', 'blocks', 'blocks', 'blocks', 'torn'] as const)
    const names = options.names ?? random.pick(['none', 'all', 'prefix', 'subset'] as const)
    const stale = data === 'torn' && random.chance(0.5) ? this.#stale : []
    const paths = new Map(this.#files().map(({ node, path }) => [node, path]))
    const cut = random.between(0, this.#nameOrder)
    this.#note(`power loss: data ${data}, names ${names}`)
    const survives = (order: number, changes: number): number => {
      if (names === 'none') return 0
      if (names === 'all') return changes
      if (names === 'prefix') return order < cut ? changes : 0
      return random.between(0, changes)
    }
    return this.#root.afterPowerLoss(
      { survives },
      (node) => {
        const path = paths.get(node) ?? ''
        const choose: ChooseBlock = (block, versions) => {
          if (options.chooseBlock) return options.chooseBlock(path, block, versions)
          if (data === 'none') return 0
          if (data === 'all') return versions - 1
          return random.between(0, versions - 1)
        }
        return node.afterPowerLoss({ random, chooseBlock: choose, tear: data === 'torn', stale })
      },
      new Map(),
    )
  }

  #files(): { readonly node: FileNode; readonly path: string }[] {
    const found: { readonly node: FileNode; readonly path: string }[] = []
    const visit = (directory: DirectoryNode, path: string): void => {
      for (const [name, node] of directory.names) {
        if (node instanceof FileNode) found.push({ node, path: `${path}/${name}` })
        else visit(node, `${path}/${name}`)
      }
    }
    visit(this.#root, '')
    for (const [node, path] of this.#open) {
      if (!found.some((each) => each.node === node)) found.push({ node, path: `${path} (removed)` })
    }
    return found
  }

  readonly #open = new Map<FileNode, string>()

  /** One call: waits, takes effect or fails, waits, settles. */
  async #call<T>(
    kind: CallKind,
    path: string,
    effect: (fault: FaultPlan | undefined) => T,
    tear?: (random: SeededRandom) => void,
  ): Promise<T> {
    if (this.#halted) return never()
    const index = ++this.#calls
    this.counts[kind]++
    const flying = { call: kind, path, tear }
    this.#inFlight.add(flying)
    await this.#wait(kind)
    if (this.#halted) return never()
    this.#inFlight.delete(flying)
    let result: T | undefined
    let failure: unknown
    try {
      const fault = this.faults.next(kind, path)
      if (fault && kind !== 'write' && kind !== 'datasync')
        throw systemError(fault.code, kind, path)
      result = effect(fault)
    } catch (error) {
      failure = error
    }
    const code = (failure as { code?: string } | undefined)?.code
    this.#note(`${index} ${kind} ${path}${code === undefined ? '' : ` ${code}`}`)
    this.onCall?.({ index, kind, path, error: code })
    await this.#wait('close')
    if (this.#halted) return never()
    if (failure !== undefined) throw failure as Error
    return result as T
  }

  async #wait(kind: CallKind): Promise<void> {
    if (this.latency === 'none') return
    const how = this.#random.number()
    const slow = kind === 'datasync' || kind === 'syncDirectory'
    if (how < 0.4 && !slow) return
    if (how < 0.8 && !slow) {
      for (let left = this.#random.between(1, 4); left > 0; left--) await Promise.resolve()
      return
    }
    const count = this.#random.between(1, slow ? 4 : 2)
    for (let left = count; left > 0; left--) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #handle(node: FileNode, path: string, writable: boolean): DiskFile {
    node.openCount++
    this.#open.set(node, path)
    let closed = false
    const usable = (call: string): void => {
      if (closed) throw systemError('EBADF', call, path)
    }
    const canWrite = (call: string): void => {
      usable(call)
      if (!writable) throw systemError(call === 'ftruncate' ? 'EINVAL' : 'EBADF', call, path)
    }
    return {
      read: (buffer, position) =>
        this.#call('read', path, () => {
          usable('read')
          return node.read(buffer, position)
        }),
      write: (buffers, position) => {
        const tear = (random: SeededRandom): void => {
          const data = Buffer.concat(buffers)
          this.#write(node, data.subarray(0, random.between(0, data.length)), position)
        }
        return this.#call(
          'write',
          path,
          (fault) => {
            canWrite('writev')
            return this.#faultyWrite({ node, path, data: Buffer.concat(buffers), position }, fault)
          },
          tear,
        )
      },
      datasync: () =>
        this.#call('datasync', path, (fault) => {
          usable('fdatasync')
          if (fault === undefined) node.sync()
          else {
            node.failSync(fault.data ?? 'kept', this.#random)
            throw systemError(fault.code, 'fdatasync', path)
          }
        }),
      truncate: (length) =>
        this.#call('truncate', path, () => {
          canWrite('ftruncate')
          node.truncate(length)
        }),
      size: () =>
        this.#call('stat', path, () => {
          usable('fstat')
          return node.length
        }),
      close: () =>
        this.#call('close', path, () => {
          if (closed) return
          closed = true
          if (--node.openCount === 0) this.#open.delete(node)
        }),
    }
  }

  #faultyWrite(
    write: { node: FileNode; path: string; data: Buffer; position: number },
    fault: FaultPlan | undefined,
  ): number {
    const { node, path, data, position } = write
    if (fault?.shortTo === undefined) {
      if (fault) throw systemError(fault.code, 'writev', path)
      const written = this.#write(node, data, position)
      if (written === 0 && data.length > 0) throw systemError(this.fullCode, 'writev', path)
      return written
    }
    if (!fault.shortOnly) this.faults.arm({ kinds: ['write'], path, code: fault.code })
    const length = Math.min(data.length - 1, Math.floor(data.length * fault.shortTo))
    const written = this.#write(node, data.subarray(0, Math.max(0, length)), position)
    if (written === 0) throw systemError(fault.code, 'writev', path)
    return written
  }

  /** Writes what fits on the disk. */
  #write(node: FileNode, data: Buffer, position: number): number {
    const free = this.#blocksFree()
    const fits = free === Infinity ? data.length : node.fits(data.length, position, free)
    node.write(data.subarray(0, fits), position)
    if (fits < data.length) this.faults.count('disk full')
    return fits
  }

  #blocksFree(): number {
    if (this.capacityBytes === Infinity) return Infinity
    const free = this.capacityBytes - this.foreignBytes - this.usedBytes
    return Math.max(0, Math.floor(free / BLOCK_BYTES))
  }

  #needBlock(call: string, path: string): void {
    if (this.#blocksFree() > 0) return
    this.faults.count('disk full')
    throw systemError(this.fullCode, call, path)
  }

  #keepStale(node: FileNode): void {
    for (const block of node.blocks) {
      if (block === undefined) continue
      if (this.#stale.length >= STALE_MAX) this.#stale.shift()
      this.#stale.push(block)
    }
  }

  #find(path: string): DiskNode | undefined {
    let node: DiskNode | undefined = this.#root
    for (const name of parts(path)) {
      if (!(node instanceof DirectoryNode)) return undefined
      node = node.names.get(name)
    }
    return node
  }

  #file(path: string): FileNode {
    const node = this.#find(path)
    if (!(node instanceof FileNode)) throw systemError('ENOENT', 'open', path)
    return node
  }

  #directory(path: string, call: string): DirectoryNode {
    const node = this.#find(path)
    if (node === undefined) throw systemError('ENOENT', call, path)
    if (!(node instanceof DirectoryNode)) throw systemError('ENOTDIR', call, path)
    return node
  }

  #parent(path: string, call: string): { directory: DirectoryNode; name: string } {
    const directory = this.#find(posix.dirname(posix.resolve('/', path)))
    if (!(directory instanceof DirectoryNode)) throw systemError('ENOENT', call, path)
    return { directory, name: posix.basename(path) }
  }

  #makeParents(path: string): void {
    let directory = this.#root
    for (const name of parts(posix.dirname(posix.resolve('/', path)))) {
      let next = directory.names.get(name)
      if (next === undefined) {
        next = new DirectoryNode()
        directory.change(this.#nameOrder++, [{ name, node: next }])
      }
      if (next instanceof FileNode) throw systemError('ENOTDIR', 'mkdir', path)
      directory = next
    }
  }

  #note(line: string): void {
    this.trace.push(line)
    if (this.trace.length > TRACE_MAX) this.trace.splice(0, TRACE_MAX / 2)
  }
}

function parts(path: string): string[] {
  return posix
    .resolve('/', path)
    .split('/')
    .filter((part) => part !== '')
}

function never(): Promise<never> {
  return new Promise(() => {})
}
