import { join } from 'node:path'
import { dump } from 'js-yaml'
import { describe, expect, test } from 'vitest'
import { agent, flow, pool, statefulSet } from '../../test/operator/objects.ts'
import { LABELS } from '../api/constants.ts'
import type { StatefulSet } from '../api/live.ts'
import { buildPool } from './pool.ts'

const IMAGE = 'flume-operator:test'
const build = (observed: ReturnType<typeof pool>) =>
  buildPool(observed, observed.agent, { image: IMAGE })

const hub = { agentRef: { name: 'hub' } }
const EXAMPLES: Readonly<Record<string, ReturnType<typeof pool>>> = {
  'own-pool': pool('web', {
    agent: agent('web', {}, { labels: { [LABELS.forFlow]: 'uid-of-web' } }),
    flows: [flow('web', { sources: [{ name: 'in', seq: {} }] })],
  }),
  hub: pool('hub', {
    agent: agent('hub', {
      replicas: 3,
      storage: { size: '20Gi', storageClassName: 'fast' },
      image: 'registry.example.com/flume-operator:1',
      imagePullPolicy: 'Always',
      imagePullSecrets: [{ name: 'registry' }],
      resources: { limits: { memory: '1Gi' } },
      nodeSelector: { disk: 'ssd' },
      tolerations: [{ key: 'logs', operator: 'Exists' }],
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
      priorityClassName: 'high',
      serviceAccount: { annotations: { 'iam.example.com/role': 'writer' } },
      podTemplate: {
        metadata: { annotations: { 'example.com/team': 'logs' } },
        spec: { containers: [{ name: 'agent', env: [{ name: 'TZ', value: 'UTC' }] }] },
      },
    }),
    flows: [
      flow('collect', {
        ...hub,
        sources: [
          { name: 'in', avro: { port: 4141, tls: { secretRef: { name: 'server-tls' } } } },
          {
            name: 'web',
            http: { port: 8080 },
            service: {
              type: 'LoadBalancer',
              port: 443,
              annotations: { 'example.com/internal': 'true' },
              externalTrafficPolicy: 'Local',
            },
          },
        ],
        sinks: [{ name: 'next', agent: { name: 'far' } }],
      }),
    ],
    targets: [
      {
        name: 'far',
        agent: agent('far'),
        flows: [flow('take', { agentRef: { name: 'far' } })],
        configMap: undefined,
      },
    ],
  }),
}

describe('the objects of a pool', () => {
  for (const [name, observed] of Object.entries(EXAMPLES))
    test(`${name} are those of the golden file`, async () => {
      const text = build(observed)
        .objects.map((each) => dump(each, { noRefs: true, lineWidth: 120, sortKeys: true }))
        .join('---\n')
      await expect(text).toMatchFileSnapshot(join(import.meta.dirname, 'testdata', `${name}.yaml`))
    })

  test('what a pod needs to start comes before the StatefulSet', () => {
    expect(build(EXAMPLES['hub']!).objects.map(({ kind }) => kind)).toEqual([
      'ServiceAccount',
      'ConfigMap',
      'Service',
      'Service',
      'Service',
      'Service',
      'PodDisruptionBudget',
      'StatefulSet',
    ])
  })

  test('are the same for the same input, whatever the order of the flows', () => {
    const flows = ['a', 'b', 'c'].map((name, i) =>
      flow(name, { ...hub, sources: [{ name: 'in', avro: { port: 5000 + i } }] }),
    )
    const once = build(pool('hub', { flows }))
    expect(build(pool('hub', { flows: flows.toReversed() }))).toEqual(once)
  })

  test('none has an owner, and all have the uid of the agent', () => {
    for (const { metadata } of build(EXAMPLES['hub']!).objects) {
      expect(metadata).not.toHaveProperty('ownerReferences')
      expect(metadata.labels).toMatchObject({
        [LABELS.agent]: 'hub',
        [LABELS.agentUid]: 'uid-of-hub',
      })
    }
  })

  test('a flow that is added, without new Secrets, does not change the pods', () => {
    const templateOf = (observed: ReturnType<typeof pool>) =>
      statefulSetOf(build(observed)).spec.template
    const one = pool('hub', { flows: [flow('a', hub)] })
    const two = pool('hub', {
      flows: [
        flow('a', hub),
        flow('b', { ...hub, sources: [{ name: 'in', http: { port: 9000 } }] }),
      ],
    })
    expect(templateOf(two)).toEqual(templateOf(one))
    expect(build(two).configHash).not.toBe(build(one).configHash)
  })

  test('with an account that the user names, none is made', () => {
    const observed = pool('hub', { agent: agent('hub', { serviceAccount: { name: 'mine' } }) })
    const { objects } = build(observed)
    expect(objects.map(({ kind }) => kind)).not.toContain('ServiceAccount')
    expect(templateSpec(objects).serviceAccountName).toBe('mine')
  })

  test('the claim templates that are there are sent as they are, and the difference is told', () => {
    const live = [
      {
        metadata: { name: 'data' },
        spec: { volumeMode: 'Filesystem', resources: { requests: { storage: '5Gi' } } },
      },
    ]
    const observed = pool('hub', { objects: [statefulSet('hub', { volumeClaimTemplates: live })] })
    const built = build(observed)
    expect(statefulSetOf(built).spec.volumeClaimTemplates).toEqual(live)
    expect(built.storageDifference).toContain(
      'spec.storage.size is 10Gi and the volumes are made with 5Gi',
    )
    expect(build(pool('hub')).storageDifference).toBeUndefined()
  })

  test('what is asked for has the same hash before and after the claim templates are there', () => {
    const first = build(pool('hub'))
    const { volumeClaimTemplates = [] } = statefulSetOf(first).spec
    const live = volumeClaimTemplates.map((each) =>
      Object.assign({ status: { phase: 'Pending' } }, each),
    )
    const objects = [statefulSet('hub', { volumeClaimTemplates: live })]
    const second = build(pool('hub', { objects }))
    expect(second.objects.at(-1)!.metadata).toEqual(first.objects.at(-1)!.metadata)
  })

  test('the budget lets one replica go', () => {
    const minAvailable = (replicas: number) => {
      const observed = pool('hub', { agent: agent('hub', { replicas }) })
      const budget = build(observed).objects.find(({ kind }) => kind === 'PodDisruptionBudget')
      return (budget!['spec'] as { minAvailable: number }).minAvailable
    }
    expect([0, 1, 3].map(minAvailable)).toEqual([0, 0, 2])
  })
})

test('the pods are within the restricted Pod Security Standard', () => {
  for (const observed of Object.values(EXAMPLES)) {
    const spec = templateSpec(build(observed).objects)
    expect(spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    })
    for (const field of ['hostNetwork', 'hostPID', 'hostIPC'])
      expect(spec).not.toHaveProperty(field)
    expect(spec.automountServiceAccountToken).toBe(false)
    for (const { securityContext, ports } of spec.containers) {
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
      expect(ports).toBeUndefined()
    }
    const kinds = spec.volumes.flatMap((each) => Object.keys(each).filter((key) => key !== 'name'))
    expect(kinds.every((kind) => ['projected', 'emptyDir'].includes(kind))).toBe(true)
  }
})

test('every source of the projected volume is optional, and Secrets come by named keys', () => {
  const [config] = templateSpec(build(EXAMPLES['hub']!).objects).volumes
  const { sources } = (
    config as unknown as {
      projected: { sources: Record<string, { optional: boolean; items?: unknown[] }>[] }
    }
  ).projected
  for (const source of sources)
    for (const each of Object.values(source)) expect(each.optional).toBe(true)
  expect(sources.filter((each) => 'secret' in each)).toMatchObject([
    {
      secret: {
        name: 'server-tls',
        items: [{ path: 'secrets/server-tls/tls.crt' }, { path: 'secrets/server-tls/tls.key' }],
      },
    },
  ])
})

interface PodSpec {
  readonly serviceAccountName: string
  readonly automountServiceAccountToken: boolean
  readonly securityContext: object
  readonly containers: readonly { readonly securityContext: object; readonly ports?: unknown }[]
  readonly volumes: readonly object[]
}

function templateSpec(objects: ReturnType<typeof build>['objects']): PodSpec {
  const { spec } = statefulSetOf({ objects })
  return (spec.template as { spec: PodSpec }).spec
}

function statefulSetOf({ objects }: Pick<ReturnType<typeof build>, 'objects'>): StatefulSet {
  return objects.find(({ kind }) => kind === 'StatefulSet') as unknown as StatefulSet
}
