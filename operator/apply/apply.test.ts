import { expect, test } from 'vitest'
import { applyTo } from '../../test/operator/apply.ts'
import { agent, pool } from '../../test/operator/objects.ts'
import { LABELS } from '../api/constants.ts'
import { buildPool } from '../build/pool.ts'
import type { KubeObject } from '../kube/types.ts'
import { applyPool } from './apply.ts'

const built = buildPool(pool('hub'), agent('hub'), { image: 'x' }).objects
const only = (kind: string) => built.filter((each) => each.kind === kind)
const base = { scope: 'logs/hub', pool: 'hub', live: [] }

test('what is not there is looked for first, and the StatefulSet is tried before it is written', async () => {
  const { api, context, expectations } = await applyTo()
  const { written, problems } = await applyPool(context, { ...base, desired: only('StatefulSet') })
  expect({ written, problems }).toEqual({ written: ['StatefulSet hub'], problems: [] })
  expect(api.requests).toEqual([
    'GET statefulsets/hub',
    'PATCH statefulsets/hub (dry run)',
    'PATCH statefulsets/hub',
  ])
  expect(expectations.unmet('logs/hub')).toEqual(['StatefulSet logs/hub'])
})

test('what is as it is asked for costs no request', async () => {
  const { api, context } = await applyTo()
  const live = built.map((each): KubeObject => ({
    ...each,
    metadata: { ...each.metadata, uid: 'u', resourceVersion: '7' },
  }))
  expect(await applyPool(context, { ...base, desired: built, live })).toEqual({
    written: [],
    problems: [],
  })
  expect(api.requests).toEqual([])
})

test('what belongs to somebody else is left alone', async () => {
  const { api, client, context } = await applyTo()
  const metadata = { name: 'hub', namespace: 'logs', labels: { [LABELS.agent]: 'other' } }
  await client.create(
    {
      group: '',
      version: 'v1',
      plural: 'serviceaccounts',
      kind: 'ServiceAccount',
      namespaced: true,
    },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata },
  )
  const { problems } = await applyPool(context, { ...base, desired: only('ServiceAccount') })
  expect(problems).toMatchObject([{ reason: 'NameTaken', object: 'ServiceAccount hub' }])
  expect(api.requests.at(-1)).toBe('GET serviceaccounts/hub')
})

test('a ConfigMap that no cache shows is not written over', async () => {
  const { client, context } = await applyTo()
  const [configMap] = only('ConfigMap')
  await client.create(
    { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true },
    configMap!,
  )
  await expect(applyPool(context, { ...base, desired: only('ConfigMap') })).rejects.toMatchObject({
    code: 'FLM7201',
  })
})

test('one that is refused does not hold up the others, and is not asked for again at once', async () => {
  const { api, context } = await applyTo()
  const desired = only('Service')
  api.refuse('PATCH services/hub-pods', { code: 422, reason: 'Invalid', message: 'no such type' })
  const { written, problems } = await applyPool(context, { ...base, desired })
  expect(problems).toMatchObject([{ reason: 'ObjectRefused', object: 'Service hub-pods' }])
  expect(written).toEqual(['Service hub-ready'])
  api.writes.length = 0
  const again = await applyPool(context, { ...base, desired: desired.slice(0, 1) })
  expect([again.problems, api.writes]).toEqual([problems, []])
})
