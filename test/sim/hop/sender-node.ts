import type { Network } from './network.ts'
import { AgentNode } from './node.ts'
import type { ProcessContext } from './node.ts'
import type { Memory } from './oracle.ts'
import type { ReceiverNode } from './receiver-node.ts'
import { Output } from './output.ts'
import type { Peer } from './sender-client.ts'
import { SenderProcess } from './sender-process.ts'
import type { SenderFacts, SenderShape } from './sender-process.ts'
import type { World } from './world.ts'

interface SenderMemory {
  readonly keys: Memory
  readonly contents: ReadonlyMap<string, readonly string[]>
}

/** An agent that hands over what it has: its disk, and whom it prefers. */
export class SenderNode extends AgentNode<SenderProcess> implements SenderFacts {
  readonly peers: readonly Peer[]
  readonly #shape: SenderShape
  readonly #files: ReadonlyMap<string, Output>
  #keys = 0

  constructor(
    name: string,
    world: World,
    parts: { network: Network; receivers: readonly ReceiverNode[]; shape: SenderShape },
  ) {
    super(name, world)
    const { network } = parts
    this.peers = parts.receivers.map((receiver) => ({
      name: receiver.name,
      connect: () => receiver.running && network.connect(receiver.running),
    }))
    this.#shape = parts.shape
    const file = (channel: string) => [channel, new Output(`file ${channel} of ${name}`)] as const
    this.#files = new Map(parts.shape.channels.map(file))
  }

  nextKeys(count: number): string[] {
    return Array.from({ length: count }, () => `${this.name}.${this.#keys++}`)
  }

  file(channel: string): Output {
    return this.#files.get(channel)!
  }

  outputs(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map([...this.#files].map(([channel, file]) => [channel, file.keys()]))
  }

  protected process(context: ProcessContext): SenderProcess {
    return new SenderProcess(this, context, this.#shape)
  }

  protected ended(): void {
    this.world.oracle.senderEnded(this.name)
  }

  protected remember(): SenderMemory {
    const contents = [...this.#files].map(([channel, file]) => [channel, file.content()] as const)
    return { keys: this.world.oracle.rememberSender(this.name), contents: new Map(contents) }
  }

  protected restored(memory: unknown): void {
    const { keys, contents } = memory as SenderMemory
    this.world.oracle.senderRestored(this.name, keys)
    for (const [channel, content] of contents) this.file(channel).begin(content)
  }
}
