import { expect, test } from 'vitest'
import { applyTo } from '../../test/operator/apply.ts'
import { agent, pool } from '../../test/operator/objects.ts'
import { buildPool } from '../build/pool.ts'
import { RESOURCES } from '../kube/resources.ts'
import { remove, superfluous } from './prune.ts'

const built = buildPool(pool('hub'), agent('hub'), { image: 'x' }).objects

test('what is not asked for any more is superfluous, unless it is going already', () => {
  const [first, second, ...others] = built
  expect(superfluous(built, built)).toEqual([])
  expect(superfluous(others, [first!])).toEqual([first])
  const going = { ...second!, metadata: { ...second!.metadata, deletionTimestamp: 'now' } }
  expect(superfluous(others, [going])).toEqual([])
})

test('only the very object that was seen is deleted', async () => {
  const { api, client, context, expectations } = await applyTo()
  const seen = await client.create(RESOURCES.serviceAccounts, built[0]!)
  const changed = await client.apply(RESOURCES.serviceAccounts, built[0]!)
  await remove(context, 'logs/hub', seen)
  const path = '/api/v1/namespaces/logs/serviceaccounts/hub'
  expect(api.get(path)).toBeDefined()
  const { metadata } = changed
  await remove(context, 'logs/hub', { ...changed, metadata: { ...metadata, uid: 'another' } })
  expect(api.get(path)).toBeDefined()
  await remove(context, 'logs/hub', changed)
  expect(api.get(path)).toBeUndefined()
  // The cache of this test shows nothing: it is gone.
  expect(expectations.unmet('logs/hub')).toEqual([])
})

test('one that is gone is no failure, what may not be deleted is one', async () => {
  const { api, context } = await applyTo()
  await remove(context, 'logs/hub', built[0]!)
  api.refuse('DELETE serviceaccounts/hub', { code: 403, reason: 'Forbidden' })
  await expect(remove(context, 'logs/hub', built[0]!)).rejects.toMatchObject({ status: 403 })
})
