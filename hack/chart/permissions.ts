/*
 * What the operator may do, and nothing else: from this come the chart's roles, the reference, and the
 * roles under which the operator is tested. There is nothing about Secrets in it, and no wildcard.
 */

/** Where a permission holds. */
export type Scope =
  /** In every namespace the operator works in: by a ClusterRole, or by a Role in each of `watchNamespaces`. */
  | 'watched'
  /** In the whole cluster, for kinds without a namespace; not given where `watchNamespaces` are named. */
  | 'cluster'
  /** In the operator's own namespace. */
  | 'own'

export interface Permission {
  readonly scope: Scope
  /** '' is the core group. */
  readonly group: string
  readonly resources: readonly string[]
  /** Absent: all of the kind. */
  readonly names?: readonly string[]
  readonly verbs: readonly string[]
  /** What for, as the reference says it. */
  readonly why: string
}

/** A rule of a Role or ClusterRole. */
export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

export const LEASE_NAME = 'flume-operator'

const GROUP = 'flume-operator.io'
const READ = ['get', 'list', 'watch']
/** A server-side apply is a patch, and a creation where the object does not exist. */
const OWN = [...READ, 'create', 'patch', 'delete']

export const PERMISSIONS: readonly Permission[] = [
  {
    scope: 'watched',
    group: GROUP,
    resources: ['flumeagents'],
    verbs: OWN,
    why: 'Reads pools, holds their finalizer; makes and removes the pool of a flow that names none.',
  },
  {
    scope: 'watched',
    group: GROUP,
    resources: ['flumeflows'],
    verbs: READ,
    why: 'Reads flows.',
  },
  {
    scope: 'watched',
    group: GROUP,
    resources: ['flumeagents/status', 'flumeflows/status'],
    verbs: ['patch'],
    why: 'Says in the status what is going on.',
  },
  {
    scope: 'watched',
    group: 'apps',
    resources: ['statefulsets'],
    verbs: OWN,
    why: 'Runs the agents of a pool.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['configmaps', 'services', 'serviceaccounts'],
    verbs: OWN,
    why: "A pool's flows, the names of its agents and of sources that listen, and the account of its pods.",
  },
  {
    scope: 'watched',
    group: 'policy',
    resources: ['poddisruptionbudgets'],
    verbs: OWN,
    why: 'Keeps all but one agent of a pool running while nodes are drained.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['pods'],
    verbs: READ,
    why: 'Sees which agents run.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['persistentvolumeclaims'],
    verbs: ['list'],
    why: 'Says which volumes are kept when a pool is deleted. It never changes one.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['pods/status'],
    verbs: ['patch'],
    why: 'Annotates a pod so that its node brings a changed flow at once. It cannot change what the pod runs.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['pods/eviction'],
    verbs: ['create'],
    why: 'Rolls a pool out, one agent after the other, within its PodDisruptionBudget.',
  },
  {
    scope: 'watched',
    group: 'events.k8s.io',
    resources: ['events'],
    verbs: ['create', 'patch'],
    why: 'Tells what it did and what stands in the way.',
  },
  {
    scope: 'watched',
    group: '',
    resources: ['namespaces'],
    verbs: ['get'],
    why: 'Sees that a namespace is being deleted, and then lets go of its pools.',
  },
  {
    scope: 'cluster',
    group: 'apiextensions.k8s.io',
    resources: ['customresourcedefinitions'],
    names: [`flumeagents.${GROUP}`, `flumeflows.${GROUP}`],
    verbs: ['get'],
    why: 'Refuses to start without the kinds, or with ones of another version than its own.',
  },
  {
    scope: 'own',
    group: 'coordination.k8s.io',
    resources: ['leases'],
    verbs: ['create'],
    why: 'Elects the one operator that works. (A name cannot restrict a creation.)',
  },
  {
    scope: 'own',
    group: 'coordination.k8s.io',
    resources: ['leases'],
    names: [LEASE_NAME],
    verbs: ['get', 'patch'],
    why: 'Elects the one operator that works.',
  },
]

/** What users may do with our kinds, by the role of Kubernetes that takes it in. */
export interface UserRole {
  readonly name: string
  /** Kubernetes' roles that contain it. */
  readonly aggregateTo: readonly string[]
  readonly rules: readonly PolicyRule[]
  readonly why: string
}

const CHANGE = ['create', 'update', 'patch', 'delete', 'deletecollection']

export const USER_ROLES: readonly UserRole[] = [
  {
    name: 'view',
    aggregateTo: ['view', 'edit', 'admin'],
    rules: [{ apiGroups: [GROUP], resources: ['flumeagents', 'flumeflows'], verbs: READ }],
    why: 'Sees pools and flows with their status.',
  },
  {
    name: 'edit-flows',
    aggregateTo: ['edit', 'admin'],
    rules: [{ apiGroups: [GROUP], resources: ['flumeflows'], verbs: CHANGE }],
    why: "Makes, changes and deletes flows. Whoever has it may read the namespace's Secrets: a flow can send what a Secret holds anywhere.",
  },
  {
    name: 'edit-agents',
    aggregateTo: ['edit', 'admin'],
    rules: [
      { apiGroups: [GROUP], resources: ['flumeagents'], verbs: CHANGE },
      {
        apiGroups: [GROUP],
        resources: ['flumeagents/scale'],
        verbs: ['get', 'update', 'patch'],
      },
    ],
    why: 'Makes, changes, scales and deletes pools. Whoever has it may create pods in the namespace: FlumeAgent.spec.podTemplate is one.',
  },
]

/** The rules of a scope, as roles have them. */
export function policyRules(...scopes: readonly Scope[]): PolicyRule[] {
  return PERMISSIONS.filter(({ scope }) => scopes.includes(scope)).map(policyRule)
}

function policyRule({ group, resources, names, verbs }: Permission): PolicyRule {
  const rule = { apiGroups: [group], resources, verbs }
  return names === undefined ? rule : { ...rule, resourceNames: names }
}
