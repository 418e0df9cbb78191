import type { SeededRandom } from '../random.ts'
import type { Answer, HopRequest } from './request.ts'
import type { World } from './world.ts'

/** Where requests arrive: one process of a receiver. */
export interface Endpoint {
  readonly name: string
  /** It reads nothing and answers nothing, as after SIGSTOP; what was sent waits. */
  readonly frozen: boolean
  handle(request: HopRequest): Promise<Answer>
}

/** What became of a request as its sender sees it: answered, or not in time. */
export type Result = Answer | 'unanswered'

interface Message {
  readonly request: HopRequest
  dueStep: number
  readonly settle: (result: Result) => void
}

/** Steps that a message may be on its way. */
const DELAY_STEPS_MAX = 6
/** Steps that a request may arrive after its sender has given up. */
const LATE_STEPS_MAX = 80

/**
 * One connection of a sender to a receiver. What is sent on it arrives in order; answers come in any
 * order, which pipelining allows. Several connections overtake each other.
 */
export class Connection {
  readonly endpoint: Endpoint
  readonly #world: World
  readonly #random: SeededRandom
  #sent: Message[] = []
  readonly #answers: { readonly dueStep: number; readonly deliver: () => void }[] = []
  /** The sender listens. */
  #open = true
  #lost = false

  constructor(endpoint: Endpoint, world: World) {
    this.endpoint = endpoint
    this.#world = world
    this.#random = world.random.fork()
  }

  get open(): boolean {
    return this.#open && !this.#lost
  }

  /** Nothing is on its way any more, and nobody listens. */
  get over(): boolean {
    return this.#lost || (!this.#open && this.#sent.length === 0)
  }

  send(request: HopRequest): Promise<Result> {
    if (!this.open) return Promise.resolve('unanswered')
    return new Promise((settle) => {
      const before = this.#sent.at(-1)?.dueStep ?? 0
      const dueStep = this.#world.step + this.#delay()
      this.#sent.push({ request, settle, dueStep: Math.max(before, dueStep) })
      this.#pending.add(settle)
    })
  }

  readonly #pending = new Set<(result: Result) => void>()

  /**
   * The sender gives up: it destroys the connection and hears nothing more. What it sent may still
   * arrive, soon or much later, or not.
   */
  giveUp(): void {
    if (!this.#open) return
    this.#open = false
    const random = this.#random
    const arriving = random.between(0, this.#sent.length)
    const lateSteps = random.chance(0.5) ? random.between(0, LATE_STEPS_MAX) : 0
    this.#sent = this.#sent.slice(0, arriving)
    for (const each of this.#sent) each.dueStep += lateSteps
    this.#settlePending()
  }

  /** The receiver's process is gone, and with it what it had not read. */
  lose(): void {
    this.#lost = true
    this.#sent = []
    this.#answers.length = 0
    // The sender hears of it by a reset.
    void this.#world.after(this.#delay()).then(() => this.#settlePending())
  }

  /** Delivers what is due. */
  tick(): void {
    if (this.endpoint.frozen || this.#lost) return
    const { step } = this.#world
    while (this.#sent.length > 0 && this.#sent[0]!.dueStep <= step)
      this.#arrive(this.#sent.shift()!)
    for (const answer of this.#answers.filter(({ dueStep }) => dueStep <= step)) {
      this.#answers.splice(this.#answers.indexOf(answer), 1)
      answer.deliver()
    }
  }

  #arrive({ request, settle }: Message): void {
    if (!this.#open) this.#world.note(`${request.id} arrives late at ${this.endpoint.name}`)
    const answered = (answer: Answer): void => {
      const deliver = (): void => {
        if (this.#pending.delete(settle)) settle(answer)
      }
      this.#answers.push({ dueStep: this.#world.step + this.#delay(), deliver })
    }
    this.endpoint.handle(request).then(answered, (error: unknown) => this.#world.fail(error))
  }

  #settlePending(): void {
    for (const settle of this.#pending) settle('unanswered')
    this.#pending.clear()
  }

  #delay(): number {
    return this.#random.chance(0.6) ? 0 : this.#random.between(1, DELAY_STEPS_MAX)
  }
}

/** All connections there are. */
export class Network {
  readonly #world: World
  #connections: Connection[] = []

  constructor(world: World) {
    this.#world = world
  }

  connect(endpoint: Endpoint): Connection {
    const connection = new Connection(endpoint, this.#world)
    this.#connections.push(connection)
    return connection
  }

  /** A process of a receiver ended. */
  lose(endpoint: Endpoint): void {
    for (const connection of this.#connections)
      if (connection.endpoint === endpoint) connection.lose()
  }

  /** Messages between two that are connected break off, for no reason anybody knows. */
  cutOne(): boolean {
    const open = this.#connections.filter((connection) => connection.open)
    if (open.length === 0) return false
    this.#world.random.pick(open).giveUp()
    return true
  }

  tick(): void {
    for (const connection of this.#connections) connection.tick()
    if (this.#connections.length > 64)
      this.#connections = this.#connections.filter((connection) => !connection.over)
  }
}
