import type { z } from 'zod'
import type { Random } from '../lib/random.ts'
import type { Channel } from './channel.ts'
import type { ChannelContext } from './channel-context.ts'
import type { ErrorCode } from './errors.ts'
import type { Interceptor, InterceptorContext } from './interceptor.ts'
import type { Selector } from './selector.ts'
import type { SinkGroup } from './sink-group.ts'
import type { Sink } from './sink.ts'
import type { Source } from './source.ts'
import type { SecretFile } from './tls.ts'

/**
 * An entry of the catalog: the schema is light and always there, the implementation is loaded when
 * the component is first used. Each kind's module exports one function of a fixed name.
 */
export interface Entry<Schema extends z.ZodType, Module> {
  readonly schema: Schema
  /** One sentence for users: what the component does. */
  readonly summary: string
  /** A working configuration, as it stands under the component's key in a manifest. */
  readonly example: z.input<Schema>
  readonly load: () => Promise<Module>
}

/** An entry whose configuration may refer to Secrets. */
interface WithSecrets<Schema extends z.ZodType> {
  /**
   * The configuration with files in place of Secrets: `fileOf` is asked for each key that is needed.
   * Omitted: it refers to none.
   */
  readonly withSecrets?: (config: z.output<Schema>, fileOf: SecretFile) => z.output<Schema>
}

export interface SourceModule<Config> {
  createSource(config: Config): Source
}

export interface InterceptorModule<Config> {
  createInterceptor(config: Config, context: InterceptorContext): Interceptor | Promise<Interceptor>
}

/** `channels` are the names the source feeds, in configured order. */
export interface SelectorModule<Config> {
  /**
   * The channels that any part can name as required, in configured order. They carry the positions
   * of the source; a channel that is optional for every event does not.
   */
  requiredChannels(config: Config, channels: readonly string[]): readonly string[]
  createSelector(config: Config, channels: readonly string[]): Selector
}

export interface ChannelModule<Config> {
  /** Opens the channel: recovers what is there, ready to append and take. */
  openChannel(config: Config, context: ChannelContext): Promise<Channel>
}

export interface SinkModule<Config> {
  createSink(config: Config): Sink
}

export interface SinkGroupModule<Config> {
  createSinkGroup(config: Config, sinks: readonly string[], random: Random): SinkGroup
}

/** Components by type, for the pipeline: the catalog, without its schemas. */
export interface ComponentLoader {
  source(type: string): Promise<SourceModule<unknown>>
  interceptor(type: string): Promise<InterceptorModule<unknown>>
  selector(type: string): Promise<SelectorModule<unknown>>
  channel(type: string): Promise<ChannelModule<unknown>>
  sink(type: string): Promise<SinkModule<unknown>>
  sinkGroup(type: string): Promise<SinkGroupModule<unknown>>
}

export interface SourceEntry<Schema extends z.ZodType>
  extends Entry<Schema, SourceModule<z.output<Schema>>>, WithSecrets<Schema> {
  /**
   * Where a source that listens does so; others have none. The key of the port in the configuration
   * is `port`: several replicas on one machine are given others.
   */
  readonly listens?: (config: z.output<Schema>) => { readonly host: string; readonly port: number }
}

export type ChannelEntry<Schema extends z.ZodType> = Entry<Schema, ChannelModule<z.output<Schema>>>

export interface SinkEntry<Schema extends z.ZodType>
  extends Entry<Schema, SinkModule<z.output<Schema>>>, WithSecrets<Schema> {
  /**
   * The pool that a sink hands its events to, if it names one: a source of `type` takes them, the
   * only one of the pool or `source`, as `FLOW/SOURCE`. In the plan the configuration has also
   * `endpoints`, the addresses of all replicas as `HOST:PORT`.
   */
  readonly target?: (config: z.output<Schema>) => {
    readonly agent: string
    readonly source: string | undefined
    readonly type: string
  }
}

export interface SinkGroupEntry<Schema extends z.ZodType> extends Entry<
  Schema,
  SinkGroupModule<z.output<Schema>>
> {
  /** The sinks that the configuration names, with the place of each name. Omitted: none. */
  readonly references?: (
    config: z.output<Schema>,
  ) => readonly { readonly path: readonly (string | number)[]; readonly sink: string }[]
  /** Omitted: as many as a flow may have. */
  readonly sinksMax?: number
}

export interface InterceptorEntry<Schema extends z.ZodType> extends Entry<
  Schema,
  InterceptorModule<z.output<Schema>>
> {
  /**
   * Headers whose value is not the same when the same event is read again (a timestamp). A source
   * whose selector looks at one of them is not trimmed by position.
   */
  readonly volatileHeaders: (config: z.output<Schema>) => readonly string[]
  /**
   * Whether the same event always leads to the same result. Omitted: it does. A source with one that
   * does not is never trimmed by position: what one channel has, another may be missing.
   */
  readonly deterministic?: (config: z.output<Schema>) => boolean
  /**
   * Brings in what the configuration names outside of the manifest, such as a module: the
   * configuration as the plan has it, or what is wrong. Asked where the agent runs, before a plan is
   * made. Never rejects.
   */
  readonly resolve?: (
    config: z.output<Schema>,
    at: ResolveContext,
  ) => Promise<
    { readonly config: z.output<Schema> } | { readonly problems: readonly ConfigProblem[] }
  >
  /** Whether it gives events up as dead letters, so that the flow needs a channel for them. */
  readonly deadLetters?: (config: z.output<Schema>) => boolean
}

/** Where a configuration stands, and where what it names is looked for. */
export interface ResolveContext {
  readonly pluginsDirectory: string
  readonly flow: string
  readonly source: string
}

/** A mistake, with its place in a component's configuration. */
export interface ConfigProblem {
  readonly code: ErrorCode
  readonly path: readonly (string | number)[]
  readonly message: string
}

export interface SelectorEntry<Schema extends z.ZodType> extends Entry<
  Schema,
  SelectorModule<z.output<Schema>>
> {
  /** Every channel the configuration names, with the place of each name, for reference checks. */
  readonly references: (config: z.output<Schema>) => readonly ChannelReference[]
  /** The header the routing looks at, if any. */
  readonly header: (config: z.output<Schema>) => string | undefined
}

export interface ChannelReference {
  /** From the configuration to the name. */
  readonly path: readonly (string | number)[]
  readonly channel: string
  /** Whether an event may miss the channel when it has no room. */
  readonly optional: boolean
}
