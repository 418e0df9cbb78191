import { fail } from '../channel-model.ts'
import type { Network } from './network.ts'
import { AgentNode } from './node.ts'
import type { ProcessContext } from './node.ts'
import type { Arrival, Memory } from './oracle.ts'
import { Output } from './output.ts'
import { CHANNELS, ReceiverProcess } from './receiver-process.ts'
import type { Floors, ReceiverFacts, ReceiverShape } from './receiver-process.ts'
import { ROUTINGS } from './routing.ts'
import type { Routing } from './routing.ts'
import type { World } from './world.ts'

interface ReceiverMemory {
  readonly keys: Memory
  readonly contents: ReadonlyMap<string, readonly string[]>
}

/** An agent that takes requests: its disk, its outputs, and what the model knows of it. */
export class ReceiverNode extends AgentNode<ReceiverProcess> implements ReceiverFacts {
  routing: Routing = ROUTINGS[0]!
  stalled = false
  readonly #network: Network
  readonly #shape: ReceiverShape
  readonly #outputs = new Map<string, Output>()
  /** Whether what it stores it must store once: the routing and the disk are what they were. */
  #once = true
  #frozenUntilStep = 0
  /** Keys that ever arrived, and the highest floor by stream. */
  readonly #arrivedKeys = new Set<string>()
  readonly #toldFloors = new Map<string, number>()
  /** By request the floors that its channels had stored when it arrived. */
  readonly #floorsAtArrival = new Map<number, ReadonlyMap<string, number>>()
  /** Requests with an event that had never been here. */
  readonly #newAtArrival = new Map<number, ReadonlySet<string>>()

  constructor(
    name: string,
    world: World,
    parts: { network: Network; shape: ReceiverShape; once: boolean },
  ) {
    super(name, world)
    this.#network = parts.network
    this.#shape = parts.shape
    this.#once = parts.once
    for (const channel of CHANNELS) this.#outputs.set(channel, new Output(`${channel} of ${name}`))
  }

  get frozen(): boolean {
    return this.world.step < this.#frozenUntilStep
  }

  freeze(steps: number): void {
    this.#frozenUntilStep = this.world.step + steps
    this.world.note(`${this.name}: frozen for ${steps}`)
  }

  thaw(): void {
    this.#frozenUntilStep = 0
  }

  output(channel: string): Output {
    return this.#outputs.get(channel)!
  }

  outputs(): ReadonlyMap<string, ReadonlySet<string>> {
    return new Map([...this.#outputs].map(([name, output]) => [name, output.keys()]))
  }

  /** Other interceptors, another selector: what is sent again may be stored again. */
  reroute(routing: Routing): void {
    const process = this.running
    if (process === undefined || process.rerouting || routing === this.routing) return
    this.world.note(`${this.name}: routing ${routing.hash}`)
    this.routing = routing
    this.#once = false
    this.follow(process.reroute(routing))
  }

  /** What the routing does not name any more goes away, and comes back empty with another routing. */
  removeChannel(): void {
    const process = this.running
    if (process !== undefined) this.follow(process.removeChannel())
  }

  /** A request came in. */
  arrived(request: Arrival, floors: Floors): void {
    const { id, stream, floor, keys } = request
    const known = new Map<string, number>()
    for (const [channel, streams] of floors) known.set(channel, streams.get(stream) ?? 0)
    this.#floorsAtArrival.set(id, known)
    this.#newAtArrival.set(id, new Set(keys.filter((key) => !this.#arrivedKeys.has(key))))
    for (const key of keys) this.#arrivedKeys.add(key)
    this.#toldFloors.set(stream, Math.max(floor, this.#toldFloors.get(stream) ?? 0))
  }

  answeredOk(request: Arrival, { channelsOf }: Routing, floors: Floors): void {
    const { id, stream, floor } = request
    const told = this.#toldFloors.get(stream)!
    this.world.oracle.answeredOk(this.name, request, { floor: told, channelsOf })
    // What stored something new has brought its floor with it.
    for (const key of this.#newAtArrival.get(id)!) {
      for (const channel of channelsOf(key)) {
        const streams = floors.get(channel) ?? new Map<string, number>()
        floors.set(channel, streams.set(stream, Math.max(floor, streams.get(stream) ?? 0)))
      }
    }
  }

  /** A sink of it delivers an event that `request` brought. */
  deliver(channel: string, key: string, request: number): void {
    const { oracle } = this.world
    oracle.delivered(this.name, key)
    const floor = this.#floorsAtArrival.get(request)?.get(channel) ?? 0
    if (this.#once && oracle.sequenceOf(key) < floor) {
      fail(
        `${this.name} stored ${key} (sequence ${oracle.sequenceOf(key)}) of request ${request}, ` +
          `which lies below the floor ${floor} it had been told`,
      )
    }
    this.output(channel).push(key, this.#once)
  }

  protected process(context: ProcessContext): ReceiverProcess {
    return new ReceiverProcess(this, context, this.#shape)
  }

  protected ended(process: ReceiverProcess): void {
    // Memory forgets what it was sent together with what it had of it.
    if (this.#shape.channel === undefined) this.#once = false
    this.#network.lose(process)
  }

  protected remember(): ReceiverMemory {
    const contents = [...this.#outputs].map(([name, output]) => [name, output.content()] as const)
    return { keys: this.world.oracle.rememberReceiver(this.name), contents: new Map(contents) }
  }

  protected restored(memory: unknown): void {
    const { keys, contents } = memory as ReceiverMemory
    this.#once = false
    const outputs = [...this.#outputs.values()]
    const delivered = (key: string): boolean => outputs.some((output) => output.has(key))
    this.world.oracle.receiverRestored(this.name, keys, delivered)
    for (const [name, content] of contents) this.output(name).begin(content)
  }
}
