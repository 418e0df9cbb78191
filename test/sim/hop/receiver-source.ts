import { bodyAt, withHeader } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'
import type { SourceContext } from '../../../agent/core/source.ts'
import type { Clock } from '../../../agent/lib/clock.ts'
import { HandshakeResponder } from '../../../agent/rpc/avro/handshake-responder.ts'
import type { Metadata } from '../../../agent/rpc/avro/metadata.ts'
import type { Status } from '../../../agent/rpc/avro/response.ts'
import { Budget } from '../../../agent/sources/avro/budget.ts'
import { Connection } from '../../../agent/sources/avro/connection.ts'
import { Delivery } from '../../../agent/sources/avro/delivery.ts'
import { senderOf } from '../../../agent/sources/avro/sender.ts'
import { copyInBody, fail } from '../channel-model.ts'
import type { Logger } from '../../../agent/core/logger.ts'
import type { FlumeError } from '../../../agent/core/errors.ts'
import type { Link } from './link.ts'
import type { Arrival } from './oracle.ts'
import type { World } from './world.ts'

export interface ReceiverSourceOptions {
  readonly name: string
  readonly world: World
  readonly clock: Clock
  readonly emit: SourceContext['emit']
  readonly inFlightBytesMax: number
  readonly roomTimeoutMs: number
  readonly arrived: (request: Arrival) => void
  readonly answered: (request: Arrival, answer: Status) => void
}

/** Header that tells which request brought a stored event. */
export const REQUEST_HEADER = 'request'

const FRAME_BYTES_MAX = 8 * 1024
const BATCHES_MAX = 64
const REQUEST_TIMEOUT_MS = 60_000
/** How long stopping waits for the answers that are owed. */
const STOP_STEPS_MAX = 100

/** The Avro source without its socket: all that stands between the bytes of a connection and `emit`. */
export class ReceiverSource {
  readonly #options: ReceiverSourceOptions
  readonly #budget: Budget
  readonly #delivery: Delivery
  readonly #handshakes = new HandshakeResponder()
  readonly #stopping = new AbortController()
  readonly #connections: Connection[] = []

  constructor(options: ReceiverSourceOptions) {
    const { clock, emit, inFlightBytesMax, roomTimeoutMs } = options
    this.#options = options
    this.#budget = new Budget({ bytesMax: inFlightBytesMax, batchesMax: BATCHES_MAX })
    this.#delivery = new Delivery({
      config: { acknowledge: 'OnSafe', roomTimeout: roomTimeoutMs },
      context: { emit, clock, log: notingLog(options) },
      budget: this.#budget,
      stopping: this.#stopping.signal,
    })
  }

  accept({ server }: Link): void {
    const connection = new Connection(server, {
      handshakes: this.#handshakes,
      batchEventsMax: 10_000,
      deliver: (batch, metadata) => this.#deliver(batch, metadata),
      onAnswer: () => {},
      onProblem: (error) => this.#options.world.fail(error),
      onBad: (error) => this.#options.world.fail(error),
      frameBytesMax: FRAME_BYTES_MAX,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      idleTimeoutMs: undefined,
      clock: this.#options.clock,
      budget: this.#budget,
    })
    this.#connections.push(connection)
  }

  /** Answers what is owed, as far as that comes in time, and closes. */
  async stop(): Promise<void> {
    const { world } = this.#options
    this.#stopping.abort()
    for (const connection of this.#connections) connection.end()
    for (let step = 0; step < STOP_STEPS_MAX && this.#budget.requests > 0; step++)
      await world.after(1)
    for (const connection of this.#connections) connection.destroy()
  }

  async #deliver(batch: Batch, metadata: Metadata): Promise<Status> {
    const { name, world, arrived, answered } = this.#options
    const keys = Array.from({ length: batch.count }, (_, i) => copyInBody(bodyAt(batch, i)))
    const { stream, floor, ranges } =
      senderOf(metadata, batch.count) ?? fail(`a request of ${keys[0]} without its sender`)
    const id = world.nextRequest()
    const text = ranges.map(({ first, last }) => `${first}-${last}`).join()
    world.note(`${name}: request ${id} arrives, ${stream} ${text} floor ${floor}`)
    const request = { id, stream, floor, keys }
    arrived(request)
    const named = withHeader(batch, REQUEST_HEADER, String(id))
    const answer = await this.#delivery.deliver(named, metadata)
    world.note(`${name}: request ${id} ${answer}`)
    answered(request, answer)
    return answer
  }
}

/** Puts what is logged into the trace. */
function notingLog({ name, world }: Pick<ReceiverSourceOptions, 'name' | 'world'>): Logger {
  const note = (fields: { readonly error?: FlumeError }, message: string): void =>
    world.note(`${name}: ${message}: ${fields.error?.message}`)
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log }
  return log
}
