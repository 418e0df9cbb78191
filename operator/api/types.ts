import type { z } from 'zod'
import type { agentSpecSchema } from '../../agent/config/agent-schema.ts'
import type { serviceSchema } from '../../agent/config/service-schema.ts'
import type { API_VERSION } from './constants.ts'
import type { ConditionReason, ConditionType } from './conditions.ts'

/*
 * Both kinds as the API server has them: a FlumeAgent with its defaults; a FlumeFlow as it was
 * written, since the agents apply the defaults of components.
 */

/** What we read and write of the metadata of any object. */
export interface ObjectMeta {
  readonly name: string
  readonly namespace?: string
  readonly uid?: string
  readonly resourceVersion?: string
  readonly generation?: number
  readonly creationTimestamp?: string
  readonly deletionTimestamp?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly finalizers?: readonly string[]
}

export interface FlumeAgent {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'FlumeAgent'
  readonly metadata: ObjectMeta
  readonly spec: FlumeAgentSpec
  readonly status?: FlumeAgentStatus
}

export type FlumeAgentSpec = z.output<typeof agentSpecSchema>

export interface FlumeFlow {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'FlumeFlow'
  readonly metadata: ObjectMeta
  readonly spec: FlumeFlowSpec
  readonly status?: FlumeFlowStatus
}

export interface FlumeFlowSpec {
  readonly agentRef?: { readonly name: string }
  readonly sources: readonly FlowSource[]
  readonly channels?: readonly FlowComponent[]
  readonly sinks: readonly FlowSink[]
  readonly sinkGroups?: readonly FlowSinkGroup[]
  readonly deadLetterChannel?: string
}

/** Beside the known keys the one of its type, with the configuration. */
export interface FlowComponent {
  readonly name: string
  readonly [type: string]: unknown
}

export interface FlowSource extends FlowComponent {
  readonly channels?: readonly string[]
  readonly service?: z.input<typeof serviceSchema>
}

export interface FlowSink extends FlowComponent {
  readonly channel?: string
}

export interface FlowSinkGroup extends FlowComponent {
  readonly sinks: readonly string[]
}

/** As all of Kubernetes has them. */
export interface Condition<Type extends ConditionType = ConditionType> {
  readonly type: Type
  readonly status: 'True' | 'False' | 'Unknown'
  readonly reason: ConditionReason
  /** What it is about, and what to do. */
  readonly message: string
  /** When the status changed last. */
  readonly lastTransitionTime: string
  /** Generation of the object that was looked at. */
  readonly observedGeneration?: number
}

/** What waits in channels: rounded, as it changes all the time. The exact numbers are metrics. */
export interface Backlog {
  readonly events: number
  readonly bytes: number
  /** When the oldest event was taken in; absent without any. */
  readonly oldestEventTime?: string
}

export interface FlumeAgentStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  /** Pods that there are. */
  readonly replicas?: number
  readonly readyReplicas?: number
  /** Pods with the newest template. */
  readonly updatedReplicas?: number
  /** Of the pods, as text: autoscalers and `kubectl scale` read it. */
  readonly selector?: string
  /** Flows that the pool runs. */
  readonly flows?: number
  readonly image?: string
  readonly backlog?: Backlog
}

export interface FlumeFlowStatus {
  readonly observedGeneration?: number
  readonly conditions?: readonly Condition[]
  /** The pool that runs it. */
  readonly agent?: string
  readonly replicas?: {
    readonly total: number
    /** Those that run the newest version of the flow. */
    readonly programmed: number
  }
  readonly backlog?: Backlog
}
