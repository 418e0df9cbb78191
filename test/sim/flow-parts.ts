import { loader as catalogLoader } from '../../agent/catalog.ts'
import { batchOf, bodyAt } from '../../agent/core/batch.ts'
import type { Batch, Origin } from '../../agent/core/batch.ts'
import type { ChannelContext } from '../../agent/core/channel-context.ts'
import type { ComponentLoader } from '../../agent/core/component.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import type { Interceptor } from '../../agent/core/interceptor.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type {
  AgentPlan,
  FlowPlan,
  SinkGroupPlan,
  SinkPlan,
  SourcePlan,
} from '../../agent/core/plan.ts'
import type { Sink, SinkContext } from '../../agent/core/sink.ts'
import type { Source, SourceContext } from '../../agent/core/source.ts'
import { ModelChannel, modelStore } from './model-channel.ts'
import type { ModelOptions, ModelStore } from './model-channel.ts'

/** Small real components whose behaviour is in the hands of a test, and plans made of them. */

export class TestSource implements Source {
  hasClients = false
  context: SourceContext | undefined
  started = 0
  stopped = false
  startError: Error | undefined

  async start(context: SourceContext): Promise<void> {
    if (this.startError !== undefined) throw this.startError
    this.context = context
    this.started++
  }

  async stop(): Promise<void> {
    this.stopped = true
  }

  emit(...bodies: string[]) {
    return this.context!.emit(batchOf(bodies.map((body) => ({ body: Buffer.from(body) }))))
  }

  /** Takes the events back when the signal aborts. */
  emitUntil(signal: AbortSignal, ...bodies: string[]) {
    return this.context!.emit(batchOf(bodies.map((body) => ({ body: Buffer.from(body) }))), signal)
  }

  /** Emits lines of a stream; their offsets count events. */
  emitFrom(stream: string, from: number, ...bodies: string[]) {
    return this.context!.emit(streamBatch(stream, from, bodies))
  }
}

export function streamBatch(
  stream: string,
  from: number,
  bodies: readonly string[],
  headers?: readonly Readonly<Record<string, string>>[],
): Batch {
  const origin: Origin = {
    stream,
    from,
    to: from + bodies.length,
    offsets: Float64Array.from(bodies, (_, i) => from + i + 1),
    memo: 'memo',
    routing: '',
  }
  const events = bodies.map((body, i) => {
    const of = headers?.[i]
    return of === undefined ? { body: Buffer.from(body) } : { body: Buffer.from(body), headers: of }
  })
  return batchOf(events, origin)
}

export type WriteResult = Buffer | FlumeError | undefined

/** Collects what it is given; fails, waits and returns state as told. */
export class TestSink implements Sink {
  readonly writesMax: number
  readonly delivered: string[] = []
  readonly held: { readonly bodies: string[]; settle: (result?: WriteResult) => void }[] = []
  started = 0
  stopped = 0
  hold = false
  failing: FlumeError | undefined
  /** What a write comes to, where it is set. */
  answer: ((bodies: readonly string[], batches: readonly Batch[]) => WriteResult) | undefined
  /** What was delivered, headers and all. */
  readonly batches: Batch[] = []
  startError: Error | undefined
  /** A start waits for it. */
  startGate: Promise<void> | undefined
  context: SinkContext | undefined

  constructor(writesMax = 1) {
    this.writesMax = writesMax
  }

  async start(context: SinkContext): Promise<void> {
    this.context = context
    await this.startGate
    if (this.startError !== undefined) throw this.startError
    this.started++
  }

  async write(batches: readonly Batch[], signal: AbortSignal): Promise<Buffer | undefined> {
    const bodies = batches.flatMap(bodiesOf)
    if (this.failing !== undefined) throw this.failing
    const answer = this.answer?.(bodies, batches)
    if (answer instanceof FlumeError) throw answer
    if (this.hold) {
      const result = await new Promise<WriteResult>((resolve) => {
        this.held.push({ bodies, settle: (value) => resolve(value) })
        signal.addEventListener('abort', () => resolve(failure('FLM4201')), { once: true })
      })
      if (result instanceof FlumeError) throw result
      this.delivered.push(...bodies)
      return result
    }
    this.delivered.push(...bodies)
    this.batches.push(...batches)
    return answer
  }

  async stop(): Promise<void> {
    this.stopped++
  }
}

export function bodiesOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString())
}

export function failure(code: 'FLM4201' | 'FLM3102' | 'FLM2102', retryable = true): FlumeError {
  return new FlumeError(code, `the test says ${code}`, { retryable })
}

/** All instances that a pipeline made, by configured name, and the faults they begin with. */
export class TestParts {
  readonly sources = new Map<string, TestSource[]>()
  readonly sinks = new Map<string, TestSink[]>()
  readonly channels = new Map<string, ModelChannel[]>()
  readonly stores = new Map<string, ModelStore>()
  /** Applied to each new instance. */
  prepareSource: (source: TestSource, name: string) => void = () => {}
  prepareSink: (sink: TestSink, name: string) => void = () => {}
  /** Throws to make an open fail. */
  beforeOpen: (name: string) => void = () => {}
  channelOptions: ModelOptions = {}
  /** What interceptors of type `test` do. */
  intercept: Interceptor = (batch) => batch

  /** The newest instance. */
  source(name: string): TestSource {
    return this.sources.get(name)!.at(-1)!
  }

  sink(name: string): TestSink {
    return this.sinks.get(name)!.at(-1)!
  }

  channel(name: string): ModelChannel {
    return this.channels.get(name)!.at(-1)!
  }

  /** The catalog's components, and `test` and `model` ones. */
  get loader(): ComponentLoader {
    return {
      ...catalogLoader,
      interceptor: async (type) =>
        type === 'test'
          ? { createInterceptor: () => this.intercept }
          : catalogLoader.interceptor(type),
      source: async (type) =>
        type === 'test'
          ? { createSource: (config) => this.#createSource(config as TestConfig) }
          : catalogLoader.source(type),
      sink: async (type) =>
        type === 'test'
          ? { createSink: (config) => this.#createSink(config as TestConfig) }
          : catalogLoader.sink(type),
      channel: async (type) =>
        type === 'model'
          ? { openChannel: (config, context) => this.#openChannel(config as ModelOptions, context) }
          : catalogLoader.channel(type),
    }
  }

  #createSource(config: TestConfig): Source {
    if (config.broken === true) throw new Error('the test cannot make this source')
    const source = new TestSource()
    this.prepareSource(source, config.name)
    push(this.sources, config.name, source)
    return source
  }

  #createSink(config: TestConfig): Sink {
    const sink = new TestSink(config.writesMax)
    this.prepareSink(sink, config.name)
    push(this.sinks, config.name, sink)
    return sink
  }

  async #openChannel(config: ModelOptions, context: ChannelContext) {
    this.beforeOpen(context.name)
    const store = this.stores.get(context.directory) ?? modelStore()
    this.stores.set(context.directory, store)
    const channel = new ModelChannel(store, { ...this.channelOptions, ...config })
    push(this.channels, context.name, channel)
    return channel
  }
}

interface TestConfig {
  readonly name: string
  readonly broken?: boolean
  readonly writesMax?: number
}

function push<Value>(all: Map<string, Value[]>, key: string, value: Value): void {
  const values = all.get(key)
  if (values === undefined) all.set(key, [value])
  else values.push(value)
}

export interface FlowShape {
  readonly name?: string
  readonly sources?: readonly Partial<SourcePlan>[]
  readonly channels?: readonly { name: string; type?: string; config?: unknown }[]
  readonly sinks?: readonly Partial<SinkPlan>[]
  readonly deadLetterChannel?: string
  /** Omitted: each sink is a group by itself. */
  readonly sinkGroups?: readonly Pick<SinkGroupPlan, 'name' | 'type' | 'config' | 'sinks'>[]
}

/** A plan with test sources, model channels and test sinks where the shape says nothing else. */
export function flowPlan(shape: FlowShape = {}): FlowPlan {
  const channels = (shape.channels ?? [{ name: 'c' }]).map(channelPlan)
  const names = channels.map(({ name }) => name)
  const sources = (shape.sources ?? [{}]).map((source) => sourcePlan(source, names))
  const sinks = (shape.sinks ?? [{}]).map((sink) => sinkPlan(sink, names[0]!))
  const alone = sinks.map(({ name }) => ({
    name,
    type: 'single',
    config: { backoffMin: 100, backoffMax: 1000 },
    sinks: [name],
  }))
  const sinkGroups = (shape.sinkGroups ?? alone).map(({ name, type, config, sinks: members }) => {
    const { channel } = sinks.find((sink) => sink.name === members[0])!
    return { name, type, config, channel, sinks: members }
  })
  const { deadLetterChannel } = shape
  const deadLetters = deadLetterChannel === undefined ? {} : { deadLetterChannel }
  const name = shape.name ?? 'f'
  const plan = { name, sources, channels, sinks, sinkGroups, ...deadLetters }
  return { ...plan, hash: JSON.stringify(plan) }
}

function channelPlan(shape: { name: string; type?: string; config?: unknown }) {
  return { type: 'model', config: {}, ...shape }
}

function sourcePlan(shape: Partial<SourcePlan>, channels: readonly string[]): SourcePlan {
  const name = shape.name ?? 'in'
  const selector = { type: 'replicating', config: { optional: [] } }
  const plan = {
    name,
    type: 'test',
    config: { name },
    interceptors: [],
    selector,
    channels,
    ...shape,
  }
  return { routing: JSON.stringify([plan.interceptors, plan.selector, plan.channels]), ...plan }
}

function sinkPlan(shape: Partial<SinkPlan>, channel: string): SinkPlan {
  const name = shape.name ?? 'out'
  return { name, type: 'test', config: { name }, channel, ...shape }
}

export function agentPlan(...flows: readonly FlowPlan[]): AgentPlan {
  return { name: 'a', flows }
}

/** Keeps what is logged. */
export class TestLog implements Logger {
  readonly lines: { readonly level: string; readonly fields: object; readonly message: string }[]
  readonly #fields: object

  constructor(lines: TestLog['lines'] = [], fields: object = {}) {
    this.lines = lines
    this.#fields = fields
  }

  debug = (fields: object, message: string): void => this.#add('debug', fields, message)
  info = (fields: object, message: string): void => this.#add('info', fields, message)
  warn = (fields: object, message: string): void => this.#add('warn', fields, message)
  error = (fields: object, message: string): void => this.#add('error', fields, message)

  child(fields: Readonly<Record<string, unknown>>): Logger {
    return new TestLog(this.lines, { ...this.#fields, ...fields })
  }

  messages(): string[] {
    return this.lines.map(({ message }) => message)
  }

  #add(level: string, fields: object, message: string): void {
    this.lines.push({ level, fields: { ...this.#fields, ...fields }, message })
  }
}
