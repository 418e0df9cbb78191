import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import {
  ANNOTATIONS,
  FINALIZER,
  FLUME_AGENTS,
  FLUME_FLOWS,
  LABELS,
} from '../../operator/api/constants.ts'
import type { ConfigMap, StatefulSet } from '../../operator/api/live.ts'
import type { FlumeAgent, FlumeFlow } from '../../operator/api/types.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { BROKEN_IMAGE } from './kubelet.ts'
import { World } from './world.ts'

let cluster: TestCluster | undefined

beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

function test(name: string, steps: (world: World) => Promise<void>): void {
  it(name, async (context: TestContext) => {
    needsControlPlane(context)
    const world = await World.start(cluster!)
    try {
      await steps(world)
    } finally {
      await world.stop()
    }
  })
}

const { configMaps, pods, serviceAccounts, services, statefulSets, volumeClaims } = RESOURCES
const hub = { agentRef: { name: 'hub' } }
/** Passes the rules of the API server, and not the checks of the agent. */
const BAD = {
  sources: [
    { name: 'in', avro: { port: 4141 }, interceptors: [{ regexFilter: { regex: '(?=a)b' } }] },
  ],
}
const at = (port: number) => ({ sources: [{ name: 'in', avro: { port } }] })

const names = async (world: World, type: ResourceType): Promise<string[]> =>
  (await world.list<KubeObject>(type)).map(({ metadata }) => metadata.name)

describe('a pool', () => {
  test('comes up: the finalizer first, the StatefulSet last; then nothing is written', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.agentReady('hub')
    const written = world.writes.filter((each) => !each.endsWith('status'))
    expect(written[0]).toBe('patch FlumeAgent hub')
    expect(written.at(-1)).toBe('apply StatefulSet hub')
    expect((await world.get<FlumeAgent>(FLUME_AGENTS, 'hub'))!.metadata.finalizers).toEqual([
      FINALIZER,
    ])
    await world.flow('web', hub)
    await world.flowReady('web')
    await world.quiet(2)
    expect(await world.quiet(12)).toEqual([])
    await world.stopOperator()
    await world.startOperator()
    expect(await world.quiet(12)).toEqual([])
  })

  test('scales, and stays scaled', async (world) => {
    await world.agent('hub', { replicas: 1 })
    await world.flow('web', hub)
    await world.flowReady('web')
    await world.agent('hub', { replicas: 3 })
    await world.agentReady('hub')
    await world.flowReady('web')
    expect((await world.get<FlumeFlow>(FLUME_FLOWS, 'web'))!.status!.replicas).toEqual({
      total: 3,
      programmed: 3,
    })
    await world.agent('hub', { replicas: 0 })
    await world.reason(FLUME_AGENTS, 'hub', 'Ready', 'NoReplicas')
    await world.reason(FLUME_FLOWS, 'web', 'Programmed', 'NoReplicas')
    await world.until('no pod is left', async () => (await names(world, pods)).length === 0)
    expect(await world.list(volumeClaims)).toHaveLength(3)
  })

  test('with a source that is removed loses its Service; one that is added gets one as asked', async (world) => {
    await world.agent('hub')
    await world.flow('web', { ...hub, ...at(4141) })
    await world.flowReady('web')
    expect(await names(world, services)).toContain('hub-web-in')
    const service = { type: 'NodePort', port: 80, annotations: { 'example.com/a': 'b' } }
    await world.flow('web', { ...hub, sources: [{ name: 'http', http: { port: 8080 }, service }] })
    await world.flowReady('web')
    await world.until(
      'the Service is gone',
      async () => !(await names(world, services)).includes('hub-web-in'),
    )
    expect(await world.get(services, 'hub-web-http')).toMatchObject({
      metadata: { annotations: { 'example.com/a': 'b' } },
      spec: { type: 'NodePort', ports: [{ port: 80, targetPort: 8080 }] },
    })
  })

  test('leaves alone what was there before and is not its own', async (world) => {
    const metadata = { name: 'hub', namespace: world.namespace, labels: { mine: 'yes' } }
    await world.cluster.client.create(serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata,
    })
    await world.agent('hub')
    const message = await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'NameTaken')
    expect(message).toContain(
      'ServiceAccount hub is there already and was not made by the operator',
    )
    expect((await world.get(serviceAccounts, 'hub'))!.metadata.labels).toEqual({ mine: 'yes' })
    await world.remove(serviceAccounts, 'hub')
    await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'AsExpected')
  })

  test('takes back what others change or delete', async (world) => {
    await world.agent('hub')
    await world.agentReady('hub')
    await world.remove(services, 'hub-ready')
    await world.until('the Service is back', () => world.get(services, 'hub-ready'))
    const name = { namespace: world.namespace, name: 'hub' }
    await world.cluster.client.patch(statefulSets, name, { merge: { spec: { replicas: 2 } } })
    await world.until(
      'one replica',
      async () => (await world.get<StatefulSet>(statefulSets, 'hub'))?.spec.replicas === 1,
    )
    await world.agentReady('hub')
  })

  test('keeps the volumes that it has, and tells the difference', async (world) => {
    await world.agent('hub', { storage: { size: '5Gi' } })
    await world.agentReady('hub')
    await world.agent('hub', { storage: { size: '6Gi' } })
    expect(await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'ImmutableFieldChanged')).toContain(
      '6Gi',
    )
    await world.agentReady('hub')
  })
})

describe('a flow', () => {
  test('without agentRef has a pool of its own, with its life', async (world) => {
    const { metadata } = await world.flow('web')
    await world.flowReady('web')
    const own = await world.get<FlumeAgent>(FLUME_AGENTS, 'web')
    expect(own!.metadata.labels).toEqual({ [LABELS.forFlow]: metadata.uid })
    expect(own!.spec).toEqual({ replicas: 1, storage: { size: '10Gi' } })
    const name = { namespace: world.namespace, name: 'web' }
    await world.cluster.client.patch(FLUME_AGENTS, name, { merge: { spec: { replicas: 2 } } })
    await world.agentReady('web')
    await world.flowReady('web')
    expect(await names(world, pods)).toHaveLength(2)
    await world.remove(FLUME_FLOWS, 'web')
    await world.until(
      'the pool is gone',
      async () => (await world.get(FLUME_AGENTS, 'web')) === undefined,
    )
    expect(await names(world, services)).toEqual([])
    expect(await world.list(volumeClaims)).toHaveLength(2)
  })

  test('never takes over a FlumeAgent that is there', async (world) => {
    await world.agent('web')
    await world.agentReady('web')
    await world.flow('web')
    await world.reason(FLUME_FLOWS, 'web', 'Accepted', 'AgentNameTaken')
    await world.reason(FLUME_FLOWS, 'web', 'Ready', 'AgentNameTaken')
    expect((await world.get<FlumeAgent>(FLUME_AGENTS, 'web'))!.metadata.labels).toBeUndefined()
  })

  test('that waits for its agent is delivered when there is one', async (world) => {
    await world.flow('web', hub)
    expect(await world.reason(FLUME_FLOWS, 'web', 'Accepted', 'AgentNotFound')).toContain(
      'spec.agentRef.name',
    )
    await world.agent('hub')
    await world.flowReady('web')
  })

  test('with mistakes is told so, its last good version and the other flows go on', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.flow('web', { ...hub, ...at(4141) })
    await world.flow('other', { ...hub, ...at(4142) })
    await world.flowReady('web')
    await world.flowReady('other')
    await world.flow('web', { ...hub, ...BAD })
    expect(await world.reason(FLUME_FLOWS, 'web', 'Accepted', 'Invalid')).toContain(
      'FLM1305 spec.sources[0].interceptors[0].regexFilter.regex',
    )
    await world.reason(FLUME_FLOWS, 'web', 'Programmed', 'NotAccepted')
    const { data } = (await world.get<ConfigMap>(configMaps, 'hub-config'))!
    expect(JSON.parse(data!['flow.web.json']!)).toMatchObject({ generation: 1 })
    // Also after a start, when nothing is known but what the ConfigMap says.
    await world.stopOperator()
    await world.startOperator()
    await world.flow('other', { ...hub, ...at(4143) })
    await world.flowReady('other')
    expect((await world.get<ConfigMap>(configMaps, 'hub-config'))!.data!['flow.web.json']).toBe(
      data!['flow.web.json'],
    )
    await world.flow('web', { ...hub, ...at(4144) })
    await world.flowReady('web')
    await world.until('told', async () =>
      (await world.told('FlumeFlow', 'web')).some((each) =>
        each.startsWith('Warning Invalid: FLM1305'),
      ),
    )
  })

  test('at a port that an older flow has is told so, and gets it when it is free', async (world) => {
    await world.agent('hub')
    await world.flow('a', { ...hub, ...at(4141) })
    await world.flowReady('a')
    await world.flow('b', { ...hub, ...at(4141) })
    expect(await world.reason(FLUME_FLOWS, 'b', 'Accepted', 'PortConflict')).toContain(
      'taken by the avro source',
    )
    await world.remove(FLUME_FLOWS, 'a')
    await world.flowReady('b')
  })

  test('whose Secret is missing is told so, and goes on when it is there', async (world) => {
    await world.agent('hub')
    await world.flow('other', { ...hub, ...at(4142) })
    await world.flowReady('other')
    const tls = { secretRef: { name: 'cert' } }
    await world.flow('web', { ...hub, sources: [{ name: 'in', avro: { port: 4141, tls } }] })
    expect(await world.reason(FLUME_FLOWS, 'web', 'ResolvedRefs', 'SecretNotFound')).toContain(
      'the Secret cert is not there or has no key tls.',
    )
    await world.flowReady('other')
    for (const key of ['tls.crt', 'tls.key'])
      world.cluster.kubelet.addSecret(world.namespace, 'cert', key)
    await world.flowReady('web')
  })

  test('hands events to another pool, wherever its source goes', async (world) => {
    const next = { sinks: [{ name: 'next', agent: { name: 'hub' } }] }
    await world.flow('edge', { ...next, sources: [{ name: 'in', seq: {} }] })
    await world.reason(FLUME_FLOWS, 'edge', 'ResolvedRefs', 'HopNotFound')
    await world.agent('hub', { replicas: 2 })
    await world.flow('collect', { ...hub, ...at(4141) })
    await world.flowReady('edge')
    await world.flow('collect', { ...hub, ...at(4999) })
    await world.until('the new port is delivered', async () => {
      const { data } = (await world.get<ConfigMap>(configMaps, 'edge-config'))!
      return data!['flow.edge.json']!.includes(
        `"host":"hub-ready.${world.namespace}.svc","port":4999`,
      )
    })
    await world.flowReady('edge')
  })
})

/** A budget that has not counted a pod that is ready again refuses, and is asked once more. */
const evictions = ({ writes }: World): string[] =>
  writes.filter((each) => each.startsWith('evict')).filter((each, i, all) => each !== all[i - 1])

describe('a rollout', () => {
  test('takes one replica after the other, from the top, while the others are ready', async (world) => {
    await world.agent('hub', { replicas: 3 })
    await world.agentReady('hub')
    await world.agent('hub', { replicas: 3, image: 'flume-operator:next' })
    await world.agentReady('hub')
    expect(evictions(world)).toEqual(['evict Pod hub-2', 'evict Pod hub-1', 'evict Pod hub-0'])
    expect((await world.get<FlumeAgent>(FLUME_AGENTS, 'hub'))!.status).toMatchObject({
      updatedReplicas: 3,
      image: 'flume-operator:next',
    })
  })

  test('that fails stops at the first replica, and goes on when it is put right', async (world) => {
    await world.agent('hub', { replicas: 3 })
    await world.flow('web', hub)
    await world.flowReady('web')
    await world.agent('hub', { replicas: 3, image: BROKEN_IMAGE })
    expect(await world.reason(FLUME_AGENTS, 'hub', 'Progressing', 'Stalled')).toContain(
      'hub-2: ImagePullBackOff',
    )
    expect(await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'PodsFailing')).toContain(
      'hub-2: ImagePullBackOff',
    )
    expect((await world.get<FlumeAgent>(FLUME_AGENTS, 'hub'))!.status).toMatchObject({
      readyReplicas: 2,
    })
    await world.agent('hub', { replicas: 3, image: 'flume-operator:fixed' })
    await world.agentReady('hub')
    expect(evictions(world)).toEqual(['evict Pod hub-2', 'evict Pod hub-1', 'evict Pod hub-0'])
  })

  test('asked for by kubectl is one as any other', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.agentReady('hub')
    const template = { metadata: { annotations: { 'kubectl.kubernetes.io/restartedAt': 'now' } } }
    const name = { namespace: world.namespace, name: 'hub' }
    await world.cluster.client.patch(statefulSets, name, { merge: { spec: { template } } })
    await world.until('both are evicted', async () => evictions(world).length === 2)
    await world.agentReady('hub')
  })

  test('does not begin with a template that the API server refuses, while flows go on', async (world) => {
    await world.agent('hub')
    await world.flow('web', { ...hub, ...at(4141) })
    await world.flowReady('web')
    for (const [spec, message] of [
      [{ nodeSelecter: { a: 'b' } }, 'nodeSelecter'],
      [
        { containers: [{ name: 'agent', resources: { limits: { memory: 'lots' } } }] },
        'quantities must match',
      ],
      [{ restartPolicy: 'Never' }, 'restartPolicy'],
    ] as const) {
      await world.agent('hub', { podTemplate: { spec } })
      expect(await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'PodTemplateInvalid')).toContain(
        message,
      )
    }
    await world.flow('web', { ...hub, ...at(4142) })
    await world.flowReady('web')
    expect(world.writes.filter((each) => each === 'apply StatefulSet hub')).toHaveLength(1)
    await world.agent('hub', { podTemplate: { spec: { hostname: 'x' } } })
    await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'AsExpected')
  })
})

describe('a pool that is paused', () => {
  test('is left as it is, and says what would change', async (world) => {
    await world.agent('hub')
    await world.flow('web', { ...hub, ...at(4141) })
    await world.flowReady('web')
    const paused = { annotations: { [ANNOTATIONS.paused]: 'true' } }
    await world.agent('hub', { replicas: 2, image: 'flume-operator:next' }, paused)
    await world.flow('web', { ...hub, ...at(4142) })
    await world.reason(FLUME_FLOWS, 'web', 'Programmed', 'Paused')
    const message = await world.reason(FLUME_AGENTS, 'hub', 'Paused', 'Paused')
    expect(message).toContain('StatefulSet hub spec.replicas: 1 → 2')
    expect(message).toContain(
      'containers[agent].image: "flume-operator:test" → "flume-operator:next"',
    )
    const { spec } = (await world.get<StatefulSet>(statefulSets, 'hub'))!
    expect(spec.replicas).toBe(1)
    await world.agent('hub', { replicas: 2, image: 'flume-operator:next' })
    await world.flowReady('web')
    await world.agentReady('hub')
    await world.reason(FLUME_AGENTS, 'hub', 'Paused', 'NotPaused')
  })
})

/** Each of two agents has 617 events of the flow: both are shown, with two digits. */
async function waiting(world: World, type: ResourceType, name: string): Promise<void> {
  world.cluster.kubelet.setBacklog(world.namespace, 'web', 617)
  await world.until('the backlog is shown', async () => {
    const object = await world.get<FlumeAgent | FlumeFlow>(type, name)
    return object?.status?.backlog?.events === 1200
  })
}

describe('a deletion', () => {
  for (const policy of ['Background', 'Foreground'] as const)
    test(`in the ${policy} removes what was made, and keeps the volumes`, async (world) => {
      await world.agent('hub', { replicas: 2 })
      await world.flow('web', hub)
      await world.flowReady('web')
      await waiting(world, FLUME_AGENTS, 'hub')
      await world.remove(FLUME_AGENTS, 'hub', policy)
      await world.until(
        'it is gone',
        async () => (await world.get(FLUME_AGENTS, 'hub')) === undefined,
      )
      expect(await names(world, pods)).toEqual([])
      expect(await names(world, services)).toEqual([])
      for (const type of [statefulSets, RESOURCES.disruptionBudgets])
        expect(await world.list(type)).toEqual([])
      expect(await world.list(volumeClaims)).toHaveLength(2)
      await world.reason(FLUME_FLOWS, 'web', 'Accepted', 'AgentNotFound')
      await world.until('told', async () =>
        (await world.told('FlumeAgent', 'hub')).includes(
          'Warning VolumesKept: About 1200 events were not delivered. The volumes are kept: data-hub-0, data-hub-1. A FlumeAgent hub made anew has them again',
        ),
      )
      await world.agent('hub', { replicas: 2 })
      await world.flowReady('web')
      expect(await world.list(volumeClaims)).toHaveLength(2)
    })

  test('of the namespace is held up by nothing', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.flow('web', hub)
    await world.flowReady('web')
    await world.cluster.client.delete(RESOURCES.namespaces, { name: world.namespace })
    await world.until('it is gone', async () => {
      const all = await world.cluster.client.list(RESOURCES.namespaces)
      return all.items.every(({ metadata }) => metadata.name !== world.namespace)
    })
  })
})

describe('what waits', () => {
  test('is shown with two digits, and where no sink drains it', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.flow('web', hub)
    await world.flowReady('web')
    await waiting(world, FLUME_FLOWS, 'web')
    const { backlog } = (await world.get<FlumeFlow>(FLUME_FLOWS, 'web'))!.status!
    expect(backlog).toMatchObject({ bytes: 120_000 })
    expect(Date.now() - Date.parse(backlog!.oldestEventTime!)).toBeGreaterThan(50_000)
    world.cluster.kubelet.leave(world.namespace, 'old', { channel: 'disk', events: 7 })
    const place = 'the channel disk of the flow old, which is gone (hub-0, hub-1)'
    await world.until('what is left is shown', async () =>
      (await world.reason(FLUME_AGENTS, 'hub', 'Degraded', 'OrphanedBacklog')).includes(place),
    )
  })
})
