import { expect, test } from 'vitest'
import { agent, pod, statefulSet } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { roll } from './roll.ts'

const old = (ordinal: number) => {
  const { metadata, ...rest } = pod('hub', ordinal, { revision: 'old' })
  const labels = { ...poolLabels('hub', 'uid-of-hub'), 'controller-revision-hash': 'old' }
  return { ...rest, metadata: { ...metadata, labels } }
}
const two = statefulSet('hub', { replicas: 2 })
const hub = agent('hub')

test('the next pod is evicted, and told', async () => {
  const { parts, api, observe, key, told, registry } = await testParts(two, old(0), old(1))
  expect(await roll(parts, key('hub'), hub, observe('hub'))).toEqual({ isRolling: true })
  expect(api.writes).toEqual(['POST pods/hub-1/eviction'])
  expect(told).toEqual([
    'FlumeAgent hub Normal PodEvicted: evicted hub-1: it had not the newest template',
  ])
  expect(await registry.getSingleMetricAsString('flume_operator_evictions_total')).toContain(
    'total 1',
  )
})

test('a budget that refuses is asked again, and stalls the rollout when it goes on', async () => {
  const { parts, api, observe, key, clock, told } = await testParts(two, old(0), old(1))
  const causes = [{ reason: 'DisruptionBudget', message: '' }]
  api.refuse('POST pods/hub-1/eviction', {
    code: 429,
    reason: 'TooManyRequests',
    details: { causes },
  })
  expect(await roll(parts, key('hub'), hub, observe('hub'))).toEqual({
    isRolling: true,
    stalled: undefined,
    againMs: 2000,
  })
  clock.advance(30_000)
  expect((await roll(parts, key('hub'), hub, observe('hub'))).stalled).toBe(
    'a PodDisruptionBudget does not let hub-1 go',
  )
  expect(told).toEqual([])
})

test('the fourth pool waits for a place', async () => {
  const { parts, api, observe, key } = await testParts(two, old(0), old(1))
  for (const other of ['a', 'b', 'c']) parts.slots.take(other)
  expect(await roll(parts, key('hub'), hub, observe('hub'))).toEqual({
    isRolling: true,
    againMs: 2000,
  })
  parts.slots.release('a')
  await roll(parts, key('hub'), hub, observe('hub'))
  expect(api.writes).toHaveLength(1)
})

test('a rollout that has begun has its place also after a start of the operator, unless it is stuck', async () => {
  for (const waiting of [undefined, 'ErrImagePull']) {
    const { metadata, ...rest } = pod('hub', 1, { ready: false, ...(waiting && { waiting }) })
    const labels = { ...poolLabels('hub', 'uid-of-hub'), ...metadata.labels }
    const fresh = { ...rest, metadata: { ...metadata, labels } }
    const { parts, observe, key } = await testParts(two, old(0), fresh)
    expect(await roll(parts, key('hub'), hub, observe('hub'))).toMatchObject({ isRolling: true })
    const isStuck = waiting !== undefined
    expect(['a', 'b', 'c'].map((each) => parts.slots.take(each))).toEqual([true, true, isStuck])
  }
})

test('a pod that is gone is no failure, what cannot be done is one', async () => {
  const { parts, api, observe, key } = await testParts(two, old(0), old(1))
  for (const refusal of [
    { code: 404, reason: 'NotFound' },
    { code: 409, reason: 'Conflict' },
  ]) {
    api.refuse('POST pods/hub-1/eviction', refusal)
    expect(await roll(parts, key('hub'), hub, observe('hub'))).toEqual({
      isRolling: true,
      againMs: 2000,
    })
  }
  api.refuse('POST pods/hub-1/eviction', { code: 403, reason: 'Forbidden' })
  await expect(roll(parts, key('hub'), hub, observe('hub'))).rejects.toMatchObject({ status: 403 })
})

test('with the newest template everywhere there is nothing to do', async () => {
  const { parts, observe, key } = await testParts(two)
  expect(await roll(parts, key('hub'), hub, observe('hub'))).toEqual({ isRolling: false })
})
