import type { PlainObject } from '../api/list-keys.ts'
import { POD_INDEX_LABEL } from '../api/constants.ts'
import { poolNames } from '../api/names.ts'
import { poolLabels, selectorLabels } from '../api/pool-labels.ts'
import type { FlumeAgent } from '../api/types.ts'
import { mergeTemplate } from './merge.ts'
import { identityOf } from './objects.ts'
import { ADMIN_PORT } from './ports.ts'
import { CONFIG_DIRECTORY, DATA_DIRECTORY, SECRETS_DIRECTORY, configVolume } from './volumes.ts'
import type { SecretKeys } from './volumes.ts'

/** User and group of the agent in its pod; the volume belongs to the group. */
const AGENT_ID = 65_532
/** In the image: modules of custom interceptors. */
const PLUGINS_DIRECTORY = '/opt/flume-operator/plugins'
const GRACE_SECONDS = 30
/** Enough for a few flows; there is no limit, as one that is too low only makes the agent start again. */
const RESOURCES = { requests: { cpu: '100m', memory: '256Mi' } }

/** What users cannot set in a pod template alone. */
export interface PodOptions {
  /** Where the FlumeAgent names none. */
  readonly image: string
  readonly secrets: readonly SecretKeys[]
}

/**
 * The template of the pods of a pool, within the restricted Pod Security Standard, with the user's
 * podTemplate laid over it. It has no ports: a source that is added must not change it.
 */
export function podTemplate(agent: FlumeAgent, { image, secrets }: PodOptions): PlainObject {
  const { name, uid } = identityOf(agent)
  const { spec } = agent
  const base = {
    metadata: { labels: poolLabels(name, uid) },
    spec: {
      serviceAccountName: spec.serviceAccount?.name ?? poolNames(name).serviceAccount,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      terminationGracePeriodSeconds: GRACE_SECONDS,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: AGENT_ID,
        runAsGroup: AGENT_ID,
        fsGroup: AGENT_ID,
        // A volume with many files would be walked through at each start.
        fsGroupChangePolicy: 'OnRootMismatch',
        seccompProfile: { type: 'RuntimeDefault' },
      },
      affinity: spec.affinity ?? spread(name),
      ...given({
        imagePullSecrets: spec.imagePullSecrets,
        nodeSelector: spec.nodeSelector,
        tolerations: spec.tolerations,
        topologySpreadConstraints: spec.topologySpreadConstraints,
        priorityClassName: spec.priorityClassName,
      }),
      containers: [agentContainer(agent, image)],
      volumes: [configVolume(name, secrets), { name: 'tmp', emptyDir: {} }],
    },
  }
  return mergeTemplate(base, spec.podTemplate ?? {})
}

function agentContainer(agent: FlumeAgent, image: string): PlainObject {
  const { spec, metadata } = agent
  return {
    name: 'agent',
    image: spec.image ?? image,
    ...given({ imagePullPolicy: spec.imagePullPolicy }),
    args: argumentsOf(metadata.name),
    env: [
      {
        name: 'POD_INDEX',
        valueFrom: { fieldRef: { fieldPath: `metadata.labels['${POD_INDEX_LABEL}']` } },
      },
    ],
    resources: spec.resources ?? RESOURCES,
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    // A recovery answers from its first moment: there is no start to wait for.
    livenessProbe: probe('/livez', { periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 }),
    readinessProbe: probe('/readyz', { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 3 }),
    terminationMessagePolicy: 'FallbackToLogsOnError',
    volumeMounts: [
      { name: 'config', mountPath: CONFIG_DIRECTORY, readOnly: true },
      { name: 'data', mountPath: DATA_DIRECTORY },
      { name: 'tmp', mountPath: '/tmp' },
    ],
  }
}

function argumentsOf(agent: string): readonly string[] {
  const options = {
    delivered: CONFIG_DIRECTORY,
    agent,
    ordinal: '$(POD_INDEX)',
    'data-dir': DATA_DIRECTORY,
    'secrets-dir': SECRETS_DIRECTORY,
    'plugins-dir': PLUGINS_DIRECTORY,
    // All addresses, of IPv6 and of IPv4.
    admin: `:${ADMIN_PORT}`,
  }
  return ['run', ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])]
}

function probe(path: string, times: Readonly<Record<string, number>>): PlainObject {
  return { httpGet: { path, port: ADMIN_PORT }, ...times }
}

/** The replicas apart from each other, if possible: a node that is lost takes one of them. */
function spread(pool: string): PlainObject {
  const podAffinityTerm = {
    topologyKey: 'kubernetes.io/hostname',
    labelSelector: { matchLabels: selectorLabels(pool) },
  }
  return {
    podAntiAffinity: {
      preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 100, podAffinityTerm }],
    },
  }
}

/** Without what is not given. */
function given(fields: PlainObject): PlainObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}
