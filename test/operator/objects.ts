import { API_VERSION, LABELS } from '../../operator/api/constants.ts'
import type {
  Pod,
  PodReport,
  PoolObservation,
  ReportedFlow,
  StatefulSet,
} from '../../operator/api/live.ts'
import { poolLabels } from '../../operator/api/pool-labels.ts'
import type { FlumeAgent, FlumeFlow } from '../../operator/api/types.ts'

/* Objects for tests, as small as they can be. */

export const NAMESPACE = 'logs'
export const NOW = '2026-11-01T12:00:00Z'

export function agent(
  name: string,
  spec: Partial<FlumeAgent['spec']> = {},
  metadata: Partial<FlumeAgent['metadata']> = {},
): FlumeAgent {
  return {
    apiVersion: API_VERSION,
    kind: 'FlumeAgent',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: `uid-of-${name}`,
      generation: 1,
      resourceVersion: '1',
      ...metadata,
    },
    spec: { replicas: 1, storage: { size: '10Gi' }, ...spec },
  }
}

/** Takes events at a port and drops them. */
export function flow(
  name: string,
  spec: Record<string, unknown> = {},
  metadata: Partial<FlumeFlow['metadata']> = {},
): FlumeFlow {
  return {
    apiVersion: API_VERSION,
    kind: 'FlumeFlow',
    metadata: {
      name,
      namespace: NAMESPACE,
      uid: `uid-of-${name}`,
      generation: 1,
      resourceVersion: '1',
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...metadata,
    },
    spec: {
      sources: [{ name: 'in', avro: { port: 4141 } }],
      sinks: [{ name: 'out', null: {} }],
      ...spec,
    },
  }
}

export function pool(
  name: string,
  parts: Partial<PoolObservation> = {},
): PoolObservation & { readonly agent: FlumeAgent } {
  const { agent: given = agent(name), ...rest } = parts
  return {
    namespace: NAMESPACE,
    name,
    flows: [],
    targets: [],
    objects: [],
    pods: [],
    reports: new Map(),
    ...rest,
    agent: given,
  }
}

export const REVISION = 'new'

export function statefulSet(name: string, spec: Partial<StatefulSet['spec']> = {}): StatefulSet {
  const labels = poolLabels(name, `uid-of-${name}`)
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: { name, namespace: NAMESPACE, uid: `sts-${name}`, generation: 1, labels },
    spec: { replicas: 1, template: {}, ...spec },
    status: { observedGeneration: 1, updateRevision: REVISION },
  }
}

export interface PodState {
  readonly ready?: boolean
  readonly revision?: string
  readonly leaving?: boolean
  /** Reason why its container waits. */
  readonly waiting?: string
}

export function pod(name: string, ordinal: number, state: PodState = {}): Pod {
  const { ready = true, revision = REVISION, leaving = false, waiting } = state
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${name}-${ordinal}`,
      namespace: NAMESPACE,
      uid: `pod-${name}-${ordinal}`,
      labels: { [LABELS.agent]: name, 'controller-revision-hash': revision },
      ...(leaving ? { deletionTimestamp: NOW } : {}),
    },
    status: {
      phase: waiting === undefined ? 'Running' : 'Pending',
      podIP: '10.0.0.1',
      conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }],
      containerStatuses: [
        {
          name: 'agent',
          state: waiting === undefined ? { running: {} } : { waiting: { reason: waiting } },
        },
      ],
    },
  }
}

const SILENT_FLOW: ReportedFlow = {
  flow: 'web',
  hash: undefined,
  result: undefined,
  problems: [],
  missingSecrets: [],
  failures: [],
  backlog: { events: 0, bytes: 0, oldestEventTime: undefined },
  leftChannels: [],
}

export function report(...flows: readonly Partial<ReportedFlow>[]): PodReport {
  return {
    reachable: true,
    known: true,
    flows: flows.map((each) => Object.assign({}, SILENT_FLOW, each)),
  }
}
