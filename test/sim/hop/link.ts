import { Duplex } from 'node:stream'
import type { SeededRandom } from '../random.ts'
import type { World } from './world.ts'

/** Bytes on their way, or how the way ends. */
interface Item {
  readonly what: Buffer | 'end' | 'reset'
  dueStep: number
}

/** Steps that bytes may be on their way. */
const DELAY_STEPS_MAX = 6
/** Steps that bytes may arrive after their sender has given up. */
const LATE_STEPS_MAX = 80

/** One direction of a connection: in order, with delays, in other pieces than they were sent in. */
class Way {
  #items: Item[] = []
  readonly #world: World
  readonly #random: SeededRandom

  constructor(world: World, random: SeededRandom) {
    this.#world = world
    this.#random = random
  }

  get empty(): boolean {
    return this.#items.length === 0
  }

  send(what: Item['what']): void {
    const delay = this.#random.chance(0.6) ? 0 : this.#random.between(1, DELAY_STEPS_MAX)
    const before = this.#items.at(-1)?.dueStep ?? 0
    this.#items.push({ what, dueStep: Math.max(before, this.#world.step + delay) })
  }

  /** What comes next, if it is there. */
  next(): Item['what'] | undefined {
    const first = this.#items[0]
    if (first === undefined || first.dueStep > this.#world.step) return undefined
    this.#items.shift()
    const { what } = first
    if (typeof what === 'string' || what.length < 2 || this.#random.chance(0.8)) return what
    const cut = this.#random.between(1, what.length - 1)
    const dueStep = this.#world.step + this.#random.between(0, 2)
    this.#items.unshift({ what: what.subarray(cut), dueStep })
    return what.subarray(0, cut)
  }

  /** The sender is gone: a part may still arrive, soon or much later. Whether something may. */
  breakOff(): boolean {
    const arriving = this.#random.between(0, this.#items.length)
    const late = this.#random.chance(0.5) ? this.#random.between(0, LATE_STEPS_MAX) : 0
    this.#items.length = arriving
    for (const each of this.#items) each.dueStep += late
    return arriving > 0
  }

  clear(): void {
    this.#items = []
  }
}

/** One end of a connection, as its process has it: a stream like a socket. */
class End extends Duplex {
  readonly #events: {
    readonly written: (chunk: Buffer) => void
    readonly ended: () => void
    readonly destroyed: () => void
  }

  constructor(events: {
    readonly written: (chunk: Buffer) => void
    readonly ended: () => void
    readonly destroyed: () => void
  }) {
    super({ allowHalfOpen: false })
    this.#events = events
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    this.#events.written(chunk)
    done()
  }

  override _final(done: () => void): void {
    this.#events.ended()
    done()
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#events.destroyed()
    done(error)
  }
}

/**
 * A connection between two processes. What is sent on it arrives in order or not at all; several
 * overtake each other. When one side is gone, what it sent may still arrive, also much later: it lay in the
 * buffers of a receiver that hung.
 */
export class Link {
  readonly client: Duplex
  readonly server: Duplex
  readonly #world: World
  readonly #toServer: Way
  readonly #toClient: Way
  #clientGone = false
  #serverGone = false

  constructor(world: World) {
    this.#world = world
    const random = world.random.fork()
    this.#toServer = new Way(world, random)
    this.#toClient = new Way(world, random)
    this.client = new End({
      written: (chunk) => this.#toServer.send(chunk),
      ended: () => this.#toServer.send('end'),
      destroyed: () => this.leaveClient(),
    })
    this.server = new End({
      written: (chunk) => this.#toClient.send(chunk),
      ended: () => this.#toClient.send('end'),
      destroyed: () => this.#leaveServer(),
    })
  }

  get open(): boolean {
    return !this.#clientGone && !this.#serverGone
  }

  /** Nothing is on its way any more. */
  get over(): boolean {
    return (this.#serverGone || this.#toServer.empty) && (this.#clientGone || this.#toClient.empty)
  }

  /** The client's process does not listen any more. */
  leaveClient(): void {
    if (this.#clientGone) return
    this.#clientGone = true
    this.#toClient.clear()
    if (this.#toServer.breakOff()) this.#world.note('bytes are left on their way')
    this.#toServer.send('end')
  }

  /** The server's process is gone, and with it what it had not read. */
  loseServer(): void {
    if (this.#serverGone) return
    this.#serverGone = true
    this.#toServer.clear()
    this.#toClient.breakOff()
    this.#toClient.send('reset')
  }

  /** The network between them fails: each hears of it in its time. */
  cut(): void {
    this.#toServer.breakOff()
    this.#toServer.send('reset')
    this.#toClient.breakOff()
    this.#toClient.send('reset')
  }

  /** Delivers what is due. */
  tick(frozen: boolean): void {
    if (!this.#serverGone && !frozen) deliver(this.#toServer, this.server)
    if (!this.#clientGone) deliver(this.#toClient, this.client)
  }

  #leaveServer(): void {
    if (this.#serverGone) return
    this.#serverGone = true
    this.#toServer.clear()
    this.#toClient.send('end')
  }
}

function deliver(way: Way, to: Duplex): void {
  for (let what = way.next(); what !== undefined; what = way.next()) {
    if (to.destroyed) return
    if (what === 'end') to.push(null)
    else if (what === 'reset') to.destroy(new Error('read ECONNRESET'))
    else to.push(what)
  }
}
