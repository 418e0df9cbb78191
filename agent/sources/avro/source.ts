import type { Source, SourceContext } from '../../core/source.ts'
import { TlsContext } from '../../core/tls-context.ts'
import type { Clock, Timer } from '../../lib/clock.ts'
import { sleep } from '../../lib/clock.ts'
import { IpFilter } from '../../lib/ip-filter.ts'
import { Budget } from './budget.ts'
import { Clients } from './clients.ts'
import type { AvroSourceConfig } from './config.ts'
import { Delivery } from './delivery.ts'
import { Listener } from './listener.ts'
import { Tally } from './tally.ts'

/** Batches on their way, below what the pipeline takes of one source. */
const BATCHES_MAX = 2048
/** How often slow clients are looked for. */
const CHECK_INTERVAL_MS = 1000
/** How long `stop` waits for what is on its way into the channels and for the last answers. */
const STOP_MS = 2000

/**
 * Takes events over Flume's Avro RPC, from Flume and from other agents. A client is answered when its
 * events are safe, in any order: requests of one connection do not wait for each other.
 */
class AvroSource implements Source {
  readonly hasClients = true
  readonly #config: AvroSourceConfig
  readonly #budget: Budget
  readonly #tally = new Tally()
  readonly #stopping = new AbortController()
  #clock: Clock | undefined
  #clients: Clients | undefined
  #listener: Listener | undefined
  #timer: Timer | undefined
  #stopped: Promise<void> | undefined

  constructor(config: AvroSourceConfig) {
    this.#config = config
    this.#budget = new Budget({ bytesMax: config.maxInFlightSize, batchesMax: BATCHES_MAX })
  }

  async start(context: SourceContext): Promise<void> {
    const { bind, port, maxConnections } = this.#config
    const tls = await this.#tls(context)
    const clients = this.#makeClients(context, tls)
    const listener = await Listener.open({
      bind,
      port,
      connectionsMax: maxConnections,
      onSocket: (socket) => clients.accept(socket),
      onDropped: () => this.#tally.refused++,
      onError: (error) => context.fail(error),
    })
    this.#clock = context.clock
    this.#clients = clients
    this.#listener = listener
    if (this.#stopping.signal.aborted) await this.#stop()
    else this.#check(context.clock, clients)
  }

  stop(): Promise<void> {
    return (this.#stopped ??= this.#stop())
  }

  status(): Readonly<Record<string, unknown>> {
    return {
      port: this.#listener?.port ?? this.#config.port,
      connections: this.#clients?.count ?? 0,
      requestsInFlight: this.#budget.requests,
      bytesInFlight: this.#budget.bytes,
      ...this.#tally.status(),
    }
  }

  async #tls({ clock, log }: SourceContext): Promise<TlsContext | undefined> {
    if (this.#config.tls === undefined) return undefined
    const tls = new TlsContext(this.#config.tls, {
      clock,
      onProblem: (error) => log.warn({ error }, 'new files for TLS cannot be used'),
    })
    await tls.current()
    return tls
  }

  #makeClients(context: SourceContext, tls: TlsContext | undefined): Clients {
    const config = this.#config
    const { ipFilter } = config
    const budget = this.#budget
    const stopping = this.#stopping.signal
    return new Clients({
      config,
      context,
      tls,
      filter: ipFilter.length === 0 ? undefined : new IpFilter(ipFilter, context.clock),
      delivery: new Delivery({ config, context, budget, stopping }),
      budget,
      tally: this.#tally,
    })
  }

  #check(clock: Clock, clients: Clients): void {
    this.#timer = clock.schedule(() => {
      clients.check(clock.monotonic())
      this.#check(clock, clients)
    }, CHECK_INTERVAL_MS)
  }

  /** What waits for room is taken back and answered FAILED; what is being stored gets its answer. */
  async #stop(): Promise<void> {
    this.#stopping.abort()
    this.#listener?.close()
    this.#timer?.clear()
    if (this.#clients === undefined || this.#clock === undefined) return
    const gone = new AbortController()
    const deadline = sleep(this.#clock, STOP_MS, gone.signal)
    await Promise.race([this.#clients.end(), deadline])
    gone.abort()
    this.#clients.destroy()
  }
}

export function createSource(config: AvroSourceConfig): Source {
  return new AvroSource(config)
}
