import type { FlumeAgent, FlumeFlow, ObjectMeta } from './types.ts'

/*
 * What the operator reads of Kubernetes' own objects, and of the agents: plain data, all of it optional
 * that the API server may leave out.
 */

/** An object of a pool, of whatever kind. */
export interface LiveObject {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: ObjectMeta
}

export interface StatefulSet extends LiveObject {
  readonly spec: {
    readonly replicas?: number
    readonly template: { readonly [field: string]: unknown }
    readonly volumeClaimTemplates?: readonly ClaimTemplate[]
  }
  readonly status?: {
    readonly observedGeneration?: number
    readonly replicas?: number
    readonly updateRevision?: string
  }
}

export interface ClaimTemplate {
  readonly metadata?: { readonly name?: string; readonly [field: string]: unknown }
  readonly spec?: {
    readonly storageClassName?: string
    readonly resources?: { readonly requests?: { readonly storage?: string } }
    readonly [field: string]: unknown
  }
  readonly [field: string]: unknown
}

export interface ConfigMap extends LiveObject {
  readonly data?: Readonly<Record<string, string>>
}

export interface Pod extends LiveObject {
  readonly spec?: { readonly nodeName?: string }
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly reason?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason?: string
      readonly message?: string
    }[]
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

export interface ContainerStatus {
  readonly name: string
  readonly restartCount?: number
  readonly state?: {
    readonly waiting?: { readonly reason?: string; readonly message?: string }
    readonly running?: { readonly startedAt?: string }
    readonly terminated?: { readonly reason?: string; readonly exitCode?: number }
  }
}

/** What an agent said of itself when it last answered. */
export interface PodReport {
  /** Whether it still answers. */
  readonly reachable: boolean
  /** Whether it ever did: else nothing is known of it. */
  readonly known: boolean
  readonly flows: readonly ReportedFlow[]
}

export interface ReportedFlow {
  readonly flow: string
  /** Of the delivered version that it has looked at; undefined for a flow that is not delivered any more. */
  readonly hash: string | undefined
  readonly result: 'applied' | 'refused' | undefined
  readonly problems: readonly string[]
  readonly missingSecrets: readonly { readonly secret: string; readonly key: string }[]
  /** What is wrong with the running version, one line each. */
  readonly failures: readonly string[]
  readonly backlog: ReportedBacklog
  /** Channels that hold events and that nothing drains into their sinks as configured any more. */
  readonly leftChannels: readonly { readonly name: string; readonly events: number }[]
}

export interface ReportedBacklog {
  readonly events: number
  readonly bytes: number
  /** ISO 8601; undefined while nothing waits. */
  readonly oldestEventTime: string | undefined
}

/** All that is known of a pool at one moment. */
export interface PoolObservation {
  readonly namespace: string
  readonly name: string
  readonly agent: FlumeAgent | undefined
  /** Flows that refer to the pool, or have its name and refer to none. */
  readonly flows: readonly FlumeFlow[]
  /** The pools that sinks of these flows name. */
  readonly targets: readonly TargetPool[]
  /** What is labelled as the pool's, of all kinds but pods and claims. */
  readonly objects: readonly LiveObject[]
  readonly pods: readonly Pod[]
  /** By UID of the pod. */
  readonly reports: ReadonlyMap<string, PodReport>
}

export interface TargetPool {
  readonly name: string
  readonly agent: FlumeAgent | undefined
  readonly flows: readonly FlumeFlow[]
  readonly configMap: ConfigMap | undefined
}
