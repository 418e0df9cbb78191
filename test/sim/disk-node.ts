import type { SeededRandom } from './random.ts'

/** What the page cache writes back as one: a block is old or new after a power loss, or torn by sector. */
export const BLOCK_BYTES = 4096
const SECTOR_BYTES = 512

const ZEROS = Buffer.alloc(BLOCK_BYTES)

/** Blocks are never changed once written, so that images share them. undefined: a hole. */
type Block = Buffer | undefined

/** Which version of a block survives: an index from 0 (durable) to `versions` - 1 (newest). */
export type ChooseBlock = (block: number, versions: number) => number

export interface PowerLoss {
  readonly random: SeededRandom
  readonly chooseBlock: ChooseBlock
  /** Blocks may be torn between sectors. */
  readonly tear: boolean
  /** What shows in blocks that were allocated and never written: zeros, or freed blocks of other files. */
  readonly stale: readonly Buffer[]
}

/**
 * A file of the simulated disk: what readers see (the page cache) beside what a power loss leaves,
 * and for each dirty block every version it had since the last sync.
 */
export class FileNode {
  blocks: Block[] = []
  length = 0
  durableBlocks: Block[] = []
  durableLength = 0
  /** Dirty block → its versions since the last sync, oldest first; the durable one is not among them. */
  dirty = new Map<number, Block[]>()
  /** Lengths since the last sync. */
  lengths: number[] = []
  allocated = 0
  openCount = 0

  read(into: Uint8Array, position: number): number {
    const end = Math.min(position + into.length, this.length)
    let done = 0
    while (position + done < end) {
      const at = position + done
      const inBlock = at % BLOCK_BYTES
      const bytes = Math.min(BLOCK_BYTES - inBlock, end - at)
      const block = this.blocks[Math.floor(at / BLOCK_BYTES)] ?? ZEROS
      into.set(block.subarray(inBlock, inBlock + bytes), done)
      done += bytes
    }
    return done
  }

  /** Bytes of `data` that fit when only `blocksFree` more blocks can be allocated. */
  fits(length: number, position: number, blocksFree: number): number {
    let free = blocksFree
    let done = 0
    while (done < length) {
      const at = position + done
      if (this.blocks[Math.floor(at / BLOCK_BYTES)] === undefined && --free < 0) break
      done += Math.min(BLOCK_BYTES - (at % BLOCK_BYTES), length - done)
    }
    return done
  }

  write(data: Uint8Array, position: number): void {
    let done = 0
    while (done < data.length) {
      const at = position + done
      const index = Math.floor(at / BLOCK_BYTES)
      const inBlock = at % BLOCK_BYTES
      const bytes = Math.min(BLOCK_BYTES - inBlock, data.length - done)
      const block = Buffer.from(this.blocks[index] ?? ZEROS)
      block.set(data.subarray(done, done + bytes), inBlock)
      this.#replace(index, block)
      done += bytes
    }
    if (position + data.length > this.length && data.length > 0) {
      this.length = position + data.length
      this.lengths.push(this.length)
    }
  }

  truncate(length: number): void {
    const keep = Math.ceil(length / BLOCK_BYTES)
    for (let i = keep; i < this.blocks.length; i++) {
      if (this.blocks[i] !== undefined) this.#replace(i, undefined)
    }
    this.blocks.length = Math.min(this.blocks.length, keep)
    const inBlock = length % BLOCK_BYTES
    const last = this.blocks[keep - 1]
    if (length < this.length && inBlock > 0 && last !== undefined) {
      const block = Buffer.from(last)
      block.fill(0, inBlock)
      this.#replace(keep - 1, block)
    }
    this.length = length
    this.lengths.push(length)
  }

  #replace(index: number, block: Block): void {
    if (this.blocks[index] === undefined) this.allocated++
    if (block === undefined) this.allocated--
    this.blocks[index] = block
    const versions = this.dirty.get(index)
    if (versions) versions.push(block)
    else this.dirty.set(index, [block])
  }

  sync(): void {
    for (const index of this.dirty.keys()) this.durableBlocks[index] = this.blocks[index]
    this.dirty.clear()
    this.#syncLength()
  }

  #syncLength(): void {
    this.durableLength = this.length
    this.durableBlocks.length = Math.min(
      this.durableBlocks.length,
      Math.ceil(this.length / BLOCK_BYTES),
    )
    this.lengths = []
  }

  /**
   * A sync that failed. 'kept': the pages stay dirty and a later sync may write them. 'dropped': they
   * are marked clean and a later sync succeeds without them; readers may see old bytes, once evicted.
   * In both, some of the blocks may have reached the disk.
   */
  failSync(data: 'kept' | 'dropped', random: SeededRandom): void {
    const reached = random.pick([0, 0, 0.5, 1])
    const evicted = random.pick([0, 0, 0.5, 1])
    for (const index of this.dirty.keys()) {
      if (random.chance(reached)) this.durableBlocks[index] = this.blocks[index]
      else if (data === 'kept') continue
      else if (random.chance(evicted)) this.#evict(index)
      this.dirty.delete(index)
    }
    if (data === 'dropped' && random.chance(0.5)) this.#syncLength()
  }

  #evict(index: number): void {
    const durable = this.durableBlocks[index]
    if ((this.blocks[index] === undefined) !== (durable === undefined)) {
      this.allocated += durable === undefined ? -1 : 1
    }
    this.blocks[index] = durable
  }

  /** Changes bytes as decaying media do: readers and power losses see it alike. */
  corrupt(position: number, mask: number): void {
    const index = Math.floor(position / BLOCK_BYTES)
    const flip = (block: Block): Block => {
      const copy = Buffer.from(block ?? ZEROS)
      copy[position % BLOCK_BYTES]! ^= mask
      return copy
    }
    this.blocks[index] = flip(this.blocks[index])
    this.durableBlocks[index] = flip(this.durableBlocks[index])
    const versions = this.dirty.get(index)
    if (versions) this.dirty.set(index, versions.map(flip))
  }

  /** The same file after the process was killed: the page cache lives on. */
  clone(): FileNode {
    const copy = new FileNode()
    copy.blocks = [...this.blocks]
    copy.length = this.length
    copy.durableBlocks = [...this.durableBlocks]
    copy.durableLength = this.durableLength
    copy.dirty = new Map([...this.dirty].map(([index, versions]) => [index, [...versions]]))
    copy.lengths = [...this.lengths]
    copy.allocated = this.allocated
    return copy
  }

  /** The file as it may be found after the power failed. */
  afterPowerLoss(loss: PowerLoss): FileNode {
    const copy = new FileNode()
    const blocks = [...this.durableBlocks]
    for (const [index, versions] of this.dirty) {
      const all = [this.durableBlocks[index], ...versions]
      const chosen = loss.chooseBlock(index, all.length)
      blocks[index] = all[chosen]
      if (loss.tear) blocks[index] = torn(all, loss.random)
    }
    copy.length = this.#survivingLength(loss)
    const count = Math.ceil(copy.length / BLOCK_BYTES)
    for (let i = 0; i < count; i++) {
      const staleFits = i * BLOCK_BYTES >= this.durableLength && loss.stale.length > 0
      copy.blocks[i] = blocks[i] ?? (staleFits ? loss.random.pick(loss.stale) : undefined)
    }
    clearBeyond(copy)
    copy.allocated = copy.blocks.filter((block) => block !== undefined).length
    copy.durableBlocks = [...copy.blocks]
    copy.durableLength = copy.length
    return copy
  }

  #survivingLength(loss: PowerLoss): number {
    if (this.lengths.length === 0) return this.durableLength
    const candidates = [this.durableLength, ...this.lengths]
    const chosen = loss.chooseBlock(-1, candidates.length)
    if (!loss.tear) return candidates[chosen]!
    return loss.random.between(Math.min(...candidates), Math.max(...candidates))
  }
}

/** A block whose sectors come from different versions. */
function torn(versions: readonly Block[], random: SeededRandom): Block {
  const block = Buffer.alloc(BLOCK_BYTES)
  for (let at = 0; at < BLOCK_BYTES; at += SECTOR_BYTES) {
    block.set((random.pick(versions) ?? ZEROS).subarray(at, at + SECTOR_BYTES), at)
  }
  return block
}

/** Bytes after the end of a file are zero when the file grows again. */
function clearBeyond(file: FileNode): void {
  const inBlock = file.length % BLOCK_BYTES
  const last = file.blocks.length - 1
  const block = file.blocks[last]
  if (inBlock === 0 || block === undefined) return
  const copy = Buffer.from(block)
  copy.fill(0, inBlock)
  file.blocks[last] = copy
}

/** A change of names that is not durable yet; `order` counts over the whole disk. */
interface NameChange {
  readonly order: number
  /** Later changes of one operation may be missing while the earlier happened, never the reverse. */
  readonly changes: readonly { readonly name: string; readonly node: DiskNode | undefined }[]
}

export type DiskNode = FileNode | DirectoryNode

/** Which changes of names survive a power loss. */
export interface NameLoss {
  /** How many changes of this operation happened, from none to all of them. */
  readonly survives: (order: number, changes: number) => number
}

export class DirectoryNode {
  names = new Map<string, DiskNode>()
  durable = new Map<string, DiskNode>()
  pending: NameChange[] = []

  change(order: number, changes: NameChange['changes']): void {
    this.pending.push({ order, changes })
    apply(this.names, changes)
  }

  sync(): void {
    this.durable = new Map(this.names)
    this.pending = []
  }

  clone(cloned: Map<DiskNode, DiskNode>): DirectoryNode {
    const copy = new DirectoryNode()
    const cloneNode = (node: DiskNode): DiskNode => {
      const known = cloned.get(node)
      if (known) return known
      const fresh = node instanceof FileNode ? node.clone() : node.clone(cloned)
      cloned.set(node, fresh)
      return fresh
    }
    for (const [name, node] of this.names) copy.names.set(name, cloneNode(node))
    for (const [name, node] of this.durable) copy.durable.set(name, cloneNode(node))
    copy.pending = this.pending.map((each) => ({
      order: each.order,
      changes: each.changes.map(({ name, node }) => ({ name, node: node && cloneNode(node) })),
    }))
    return copy
  }

  afterPowerLoss(
    names: NameLoss,
    loss: (node: FileNode) => FileNode,
    done: Map<DiskNode, DiskNode>,
  ): DirectoryNode {
    const surviving = new Map(this.durable)
    for (const each of this.pending) {
      apply(surviving, each.changes.slice(0, names.survives(each.order, each.changes.length)))
    }
    const copy = new DirectoryNode()
    for (const [name, node] of [...surviving].sort(([a], [b]) => (a < b ? -1 : 1))) {
      let image = done.get(node)
      if (image === undefined) {
        image = node instanceof FileNode ? loss(node) : node.afterPowerLoss(names, loss, done)
        done.set(node, image)
      }
      copy.names.set(name, image)
    }
    copy.durable = new Map(copy.names)
    return copy
  }
}

function apply(names: Map<string, DiskNode>, changes: NameChange['changes']): void {
  for (const { name, node } of changes) {
    if (node) names.set(name, node)
    else names.delete(name)
  }
}
