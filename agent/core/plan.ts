/**
 * What to build: named components and edges, checked and with defaults applied. Configuration
 * produces it, the pipeline consumes it; neither knows the other. Component configurations are
 * opaque here: they were parsed by the schema that belongs to `type`.
 */
export interface AgentPlan {
  /** Name of the agent (the pool). */
  readonly name: string
  readonly flows: readonly FlowPlan[]
}

export interface FlowPlan {
  readonly name: string
  readonly sources: readonly SourcePlan[]
  readonly channels: readonly ComponentPlan[]
  readonly sinks: readonly SinkPlan[]
  readonly sinkGroups: readonly SinkGroupPlan[]
  /**
   * Takes what a component gives up on. One of `channels`; a required channel of every source that
   * has interceptors, be it among the source's `channels` or not.
   */
  readonly deadLetterChannel?: string
  /** Changes when anything in the flow changes. Hex. */
  readonly hash: string
}

export interface ComponentPlan {
  readonly name: string
  /** Key of the catalog: `tail`, `file`, `memory`, … */
  readonly type: string
  readonly config: unknown
}

export interface SourcePlan extends ComponentPlan {
  readonly interceptors: readonly Omit<ComponentPlan, 'name'>[]
  readonly selector: Omit<ComponentPlan, 'name'>
  /** The channels it feeds, in configured order; at least one. */
  readonly channels: readonly string[]
  /**
   * Hash of interceptors, selector and channels, and of the source where the selector looks at a
   * header; '' when the routing is not deterministic.
   */
  readonly routing: string
}

export interface SinkPlan extends ComponentPlan {
  readonly channel: string
}

/** Sinks in no written group are in a group of their own, named after the sink, of type `single`. */
export interface SinkGroupPlan {
  readonly name: string
  readonly type: string
  readonly config: unknown
  readonly channel: string
  readonly sinks: readonly string[]
}
