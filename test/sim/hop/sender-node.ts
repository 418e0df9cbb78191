import type { Connection, Endpoint, Network } from './network.ts'
import { AgentNode } from './node.ts'
import type { ProcessContext } from './node.ts'
import type { Memory } from './oracle.ts'
import type { ReceiverNode } from './receiver-node.ts'
import { Output } from './output.ts'
import { SenderProcess } from './sender-process.ts'
import type { SenderFacts, SenderShape } from './sender-process.ts'
import type { World } from './world.ts'

interface SenderMemory {
  readonly keys: Memory
  readonly contents: ReadonlyMap<string, readonly string[]>
}

/** An agent that hands over what it has: its disk, and whom it prefers. */
export class SenderNode extends AgentNode<SenderProcess> implements SenderFacts {
  readonly #network: Network
  readonly #receivers: readonly ReceiverNode[]
  readonly #shape: SenderShape
  readonly #files: ReadonlyMap<string, Output>
  #keys = 0
  #preferred = 0

  constructor(
    name: string,
    world: World,
    parts: { network: Network; receivers: readonly ReceiverNode[]; shape: SenderShape },
  ) {
    super(name, world)
    this.#network = parts.network
    this.#receivers = parts.receivers
    this.#shape = parts.shape
    const file = (channel: string) => [channel, new Output(`file ${channel} of ${name}`)] as const
    this.#files = new Map(parts.shape.channels.map(file))
    this.#preferred = world.random.between(0, parts.receivers.length - 1)
  }

  nextKeys(count: number): string[] {
    return Array.from({ length: count }, () => `${this.name}.${this.#keys++}`)
  }

  nextRequest(): number {
    return this.world.nextRequest()
  }

  choose(): number {
    if (this.#shape.policy === 'failover') return this.#preferred
    return this.world.random.between(0, this.#receivers.length - 1)
  }

  /** Most often the next write goes elsewhere; at times the same receiver is tried again. */
  failed(receiver: number): void {
    if (receiver !== this.#preferred || this.world.random.chance(0.3)) return
    this.#preferred = (receiver + 1) % this.#receivers.length
  }

  file(channel: string): Output {
    return this.#files.get(channel)!
  }

  outputs(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map([...this.#files].map(([channel, file]) => [channel, file.keys()]))
  }

  endpoint(receiver: number): Endpoint | undefined {
    return this.#receivers[receiver]!.running
  }

  connect(endpoint: Endpoint): Connection {
    return this.#network.connect(endpoint)
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
