import { expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { LABELS } from '../api/constants.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { buildPool } from '../build/pool.ts'
import { RESOURCES } from '../kube/resources.ts'
import type { KubeObject } from '../kube/types.ts'
import { bring, preview } from './bring.ts'

const hub = agent('hub')
const web = flow('web', { agentRef: { name: 'hub' } })
const service = (name: string, uid = 'uid-of-hub') => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, namespace: 'logs', labels: poolLabels('hub', uid) },
})

async function start(...objects: readonly KubeObject[]) {
  const all = await testParts(...objects)
  const once = async () => {
    await all.caughtUp('hub')
    const observed = all.observe('hub')
    const build = buildPool(observed, observed.agent!, all.parts)
    return bring(all.parts, all.key('hub'), { observed, agent: observed.agent!, build })
  }
  return { ...all, once }
}

test('all is written once, then nothing', async () => {
  const { once, api } = await start(hub, web)
  expect(await once()).toMatchObject({ problems: [], isTemplateNew: true })
  const { length } = api.writes
  expect(await once()).toMatchObject({ isTemplateNew: false })
  expect(api.writes).toHaveLength(length)
})

test('what is not asked for any more is removed once the caches have caught up', async () => {
  const { once, api, get } = await start(hub, web, service('hub-old-in'))
  await once()
  expect(get(RESOURCES.services, 'hub-old-in')).toBeDefined()
  await once()
  expect(get(RESOURCES.services, 'hub-old-in')).toBeUndefined()
  expect(api.writes.at(-1)).toBe('DELETE services/hub-old-in')
})

test('nothing is removed on the word of a cache that is behind', async () => {
  const { parts, observe, get, key, once, put, caughtUp } = await start(hub, web)
  await once()
  await caughtUp('hub')
  const observed = observe('hub')
  const stale = { ...observed, flows: [] }
  await put({ ...web, metadata: { ...web.metadata, generation: 2 } })
  const build = buildPool(stale, hub, parts)
  // The ConfigMap is written, which the caches have to show before anything is removed.
  await bring(parts, key('hub'), { observed: stale, agent: hub, build })
  await caughtUp('hub')
  const again = { ...observe('hub'), flows: [] }
  const { failure } = await bring(parts, key('hub'), {
    observed: again,
    agent: hub,
    build: buildPool(again, hub, parts),
  })
  expect(failure).toMatchObject({ code: 'FLM7201' })
  expect(get(RESOURCES.services, 'hub-web-in')).toBeDefined()
})

test('the objects of an earlier FlumeAgent of this name are taken over, unless this is the earlier one', async () => {
  const { once, get, put } = await start(hub, web, service('hub-pods', 'earlier'))
  await once()
  expect(get(RESOURCES.services, 'hub-pods')!.metadata.labels).toMatchObject({
    [LABELS.agentUid]: 'uid-of-hub',
  })
  await put(service('hub-pods', 'later'))
  const other = await start(hub, web, service('hub-pods', 'later'))
  const observed = other.observe('hub')
  const earlier = agent('hub', {}, { uid: 'gone' })
  const build = buildPool(observed, earlier, other.parts)
  await expect(
    bring(other.parts, 'logs/hub', { observed, agent: earlier, build }),
  ).rejects.toMatchObject({ code: 'FLM7201' })
})

test('a failure of a rollout is kept until the status is written', async () => {
  const { once, api, observe, reports, put } = await start(hub, web)
  await once()
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'hub-0', namespace: 'logs', uid: 'p', labels: poolLabels('hub', 'u') },
    status: { phase: 'Running' },
  }
  await put(pod)
  reports.set('p', { reachable: true, known: true, flows: [] })
  api.refuse('PATCH pods/hub-0/status', { code: 500, reason: 'InternalError' })
  while (observe('hub').pods.length === 0) await new Promise(setImmediate)
  expect((await once()).failure).toMatchObject({ status: 500 })
})

test('a preview says what would be made, changed and removed', async () => {
  const { observe, parts, once, put, caughtUp } = await start(hub, web, service('hub-old-in'))
  const first = observe('hub')
  expect(preview(first, buildPool(first, hub, parts)).pending).toContain(
    'StatefulSet hub is to be made',
  )
  await once()
  await caughtUp('hub')
  const larger: KubeObject = agent('hub', { replicas: 3 })
  await put(larger)
  const observed = observe('hub')
  const { pending } = preview(
    observed,
    buildPool(observed, { ...hub, spec: { ...hub.spec, replicas: 3 } }, parts),
  )
  expect(pending).toEqual([
    'PodDisruptionBudget hub spec.minAvailable: 0 → 2',
    'StatefulSet hub spec.replicas: 1 → 3',
    'Service hub-old-in is to be removed',
  ])
  expect(preview(observed, undefined).pending).toBeUndefined()
})
