import { expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { until } from '../../hack/cluster/until.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { watchKeys } from './keys.ts'

const to = (target: string) => ({
  agentRef: { name: 'front' },
  sinks: [{ name: 'next', agent: { name: target } }],
})

async function start() {
  const all = await testParts(agent('hub'), flow('edge', to('hub')))
  const keys = new Set<string>()
  watchKeys(all.parts.caches, (key) => void keys.add(key))
  const heard = async (...wanted: string[]) => {
    await until(`keys ${wanted.join(', ')}`, 5, () => wanted.every((each) => keys.has(each)))
    const all_ = [...keys].toSorted()
    keys.clear()
    return all_
  }
  return { ...all, heard }
}

test('a pool concerns those that hand events to it', async () => {
  const { put, heard } = await start()
  await put(agent('hub', { replicas: 2 }))
  expect(await heard('logs/hub', 'logs/front')).toEqual(['logs/front', 'logs/hub'])
})

test('a flow concerns its pool and the senders of that, before and after', async () => {
  const { put, heard } = await start()
  await put(flow('web', { agentRef: { name: 'hub' } }))
  expect(await heard('logs/hub', 'logs/front')).toEqual(['logs/front', 'logs/hub'])
  await put(flow('web', { agentRef: { name: 'other' } }))
  expect(await heard('logs/hub', 'logs/other')).toEqual(['logs/front', 'logs/hub', 'logs/other'])
})

test('an object concerns the pool that it was made for', async () => {
  const { put, heard } = await start()
  const metadata = { name: 'x', namespace: 'logs', labels: poolLabels('hub', 'u') }
  await put({ apiVersion: 'v1', kind: 'Service', metadata })
  expect(await heard('logs/hub')).toEqual(['logs/hub'])
})
