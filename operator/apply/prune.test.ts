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
  const { client, context, server, expectations } = await applyTo()
  const account = await client.create(RESOURCES.serviceAccounts, built[0]!)
  await remove(context, 'logs/hub', account)
  const { uid, resourceVersion } = account.metadata
  expect(server.seen.at(-1)).toMatchObject({
    verb: 'DELETE',
    body: { propagationPolicy: 'Background', preconditions: { uid, resourceVersion } },
  })
  // The cache of this test shows nothing: it is gone.
  expect(expectations.unmet('logs/hub')).toEqual([])
})

test('one that was changed or is gone is not insisted on', async () => {
  const { context, server } = await applyTo()
  server.fail('DELETE', { status: 409, body: { reason: 'Conflict' } })
  await remove(context, 'logs/hub', built[0]!)
  await remove(context, 'logs/hub', built[0]!)
  server.fail('DELETE', { status: 403 })
  await expect(remove(context, 'logs/hub', built[0]!)).rejects.toMatchObject({ status: 403 })
})
