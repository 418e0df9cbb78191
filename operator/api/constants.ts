import { API_GROUP, API_VERSION } from '../../agent/config/schema.ts'

export { API_GROUP, API_VERSION }

/** Ours, as the API server serves them. */
export const FLUME_AGENTS = {
  group: API_GROUP,
  version: 'v1alpha1',
  plural: 'flumeagents',
  kind: 'FlumeAgent',
  namespaced: true,
} as const

export const FLUME_FLOWS = {
  group: API_GROUP,
  version: 'v1alpha1',
  plural: 'flumeflows',
  kind: 'FlumeFlow',
  namespaced: true,
} as const

/** Raised by each release that changes a definition: an operator does not run on older ones. */
export const DEFINITIONS_REVISION = 1

/** Whose fields are whose in server-side apply. */
export const FIELD_MANAGER = 'flume-operator'

export const LABELS = {
  name: 'app.kubernetes.io/name',
  instance: 'app.kubernetes.io/instance',
  managedBy: 'app.kubernetes.io/managed-by',
  /** Name of the pool that an object is of. */
  agent: `${API_GROUP}/agent`,
  /** Uid of its FlumeAgent: in place of an owner reference, which foreground deletion would follow. */
  agentUid: `${API_GROUP}/agent-uid`,
  /** On a Service: the flow and the source that it leads to. */
  flow: `${API_GROUP}/flow`,
  source: `${API_GROUP}/source`,
  /** On a FlumeAgent: uid of the flow that has it for itself. */
  forFlow: `${API_GROUP}/for-flow`,
} as const

/** Values of `LABELS.name` and `LABELS.managedBy`. */
export const AGENT_LABEL_NAME = 'flume-agent'
export const MANAGED_BY = 'flume-operator'

export const ANNOTATIONS = {
  /** On what a pool is made of: hash of what was asked for, so that a field that is gone is seen. */
  desiredHash: `${API_GROUP}/desired-hash`,
  /** On a pod: a hash over the configuration of its pool. Its change makes the kubelet look at once. */
  config: `${API_GROUP}/config`,
  /** On a FlumeAgent, with the value `true`: what the operator made is left as it is. */
  paused: `${API_GROUP}/paused`,
  /** On our definitions: `DEFINITIONS_REVISION` of the release that they are of. */
  revision: `${API_GROUP}/revision`,
} as const

/** Kept on a FlumeAgent until what was made for it is gone. */
export const FINALIZER = `${API_GROUP}/cleanup`

/** Names of pools and flows: those of pods, services and volumes begin with them. */
export const POOL_NAME = '^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$'

/** Label by which pods of a StatefulSet say of which revision of the template they are. */
export const POD_REVISION_LABEL = 'controller-revision-hash'
/** Label by which a StatefulSet tells a pod its ordinal. */
export const POD_INDEX_LABEL = 'apps.kubernetes.io/pod-index'
