import { expect, test } from 'vitest'
import { deliver } from '../../agent/config/delivered.ts'
import { flow, pod, report } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { ANNOTATIONS } from '../api/constants.ts'
import type { Pod } from '../api/live.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { RESOURCES } from '../kube/resources.ts'
import { nudgePods } from './nudge.ts'

const member = (ordinal: number, state = {}): Pod => {
  const { metadata, ...rest } = pod('hub', ordinal, state)
  return { ...rest, metadata: { ...metadata, labels: poolLabels('hub', 'u') } }
}
const web = deliver(flow('web'), { generation: 1, hops: {} })
const delivery = { configHash: 'hash', delivered: new Map([['web', web]]) }

test('pods that are behind are nudged through their status, the others are left alone', async () => {
  const { parts, api, observe, reports, get } = await testParts(
    member(0),
    member(1),
    member(2),
    member(3, { waiting: 'X' }),
  )
  reports.set('pod-hub-0', report({ hash: 'old' }))
  reports.set('pod-hub-1', report({ hash: web.hash }))
  reports.set('pod-hub-3', report({ hash: 'old' }))
  expect(await nudgePods(parts, observe('hub'), delivery)).toBe(2000)
  expect(api.writes).toEqual(['PATCH pods/hub-0/status'])
  expect(get(RESOURCES.pods, 'hub-0')!.metadata.annotations).toEqual({
    [ANNOTATIONS.config]: 'hash',
  })
  reports.set('pod-hub-0', report({ hash: web.hash }))
  expect(await nudgePods(parts, observe('hub'), delivery)).toBeUndefined()
})

test('again after a while', async () => {
  const { parts, api, clock, observe, reports } = await testParts(member(0))
  reports.set('pod-hub-0', report({ hash: 'old' }))
  await nudgePods(parts, observe('hub'), delivery)
  expect(await nudgePods(parts, observe('hub'), delivery)).toBe(2000)
  clock.advance(2000)
  expect(await nudgePods(parts, observe('hub'), delivery)).toBe(4000)
  expect(api.writes).toHaveLength(2)
})

test('a pod that is gone is no failure', async () => {
  const { parts, api, observe, reports } = await testParts(member(0))
  reports.set('pod-hub-0', report({ hash: 'old' }))
  api.refuse('PATCH pods/hub-0/status', { code: 404, reason: 'NotFound' })
  expect(await nudgePods(parts, observe('hub'), delivery)).toBe(2000)
})
