import { expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { FLUME_FLOWS } from '../api/constants.ts'
import { liveAgent, staleness } from './fresh.ts'

const web = flow('web', { agentRef: { name: 'hub' } })

test('what was observed is asked for once more', async () => {
  const { client, observe, put } = await testParts(agent('hub'), web)
  const observed = observe('hub')
  expect(await staleness(client, observed)).toBeUndefined()
  await put(flow('other', { agentRef: { name: 'elsewhere' } }))
  expect(await staleness(client, observed)).toBeUndefined()
  await put({ ...web, metadata: { ...web.metadata, generation: 2 } })
  expect(await staleness(client, observed)).toBe('flows of hub have changed')
  await client.delete(FLUME_FLOWS, { namespace: 'logs', name: 'web' })
  expect(await staleness(client, observed)).toBe('flows of hub have changed')
})

test('another FlumeAgent of the same name is another one', async () => {
  const { client, observe } = await testParts(agent('hub'))
  const observed = observe('hub')
  const earlier = { ...observed, agent: agent('hub', {}, { uid: 'earlier' }) }
  expect(await staleness(client, earlier)).toBe('the FlumeAgent hub has changed')
  expect(await liveAgent(client, { namespace: 'logs', name: 'none' })).toBeUndefined()
})

test('whether it is there cannot be told without an answer', async () => {
  const { client, api } = await testParts()
  api.refuse('GET flumeagents/hub', { code: 503, reason: 'ServiceUnavailable' })
  await expect(liveAgent(client, { namespace: 'logs', name: 'hub' })).rejects.toMatchObject({
    status: 503,
  })
})
