import { expect, test } from 'vitest'
import { NEVER, eventsFrom, serversOf, sinkContext } from '../../../test/avro/fixture.ts'
import { agentSinkSchema } from './config.ts'
import { createSink } from './sink.ts'

const config = agentSinkSchema.parse({ name: 'hub' })

test('spreads its events over all replicas', async () => {
  const servers = await serversOf(3)
  const sink = createSink({ ...config, endpoints: servers.map(({ address }) => address) })
  await sink.start(sinkContext())
  await sink.write([eventsFrom(0, 1)], NEVER)
  for (const server of servers) await server.until(() => server.openConnections > 0)
  for (let i = 1; i < 30; i++) await sink.write([eventsFrom(i, 1)], NEVER)
  for (const server of servers) expect(server.calls.length).toBeGreaterThan(5)
  await sink.stop()
})

test('endpoints are names, addresses and IPv6 addresses in brackets', () => {
  const endpoints = ['hub-0.hub:4141', '10.0.0.1:1', '[fe80::1]:65535']
  expect(() => createSink({ ...config, endpoints })).not.toThrow()
  for (const wrong of ['hub-0', 'fe80::1:4141', ':4141', 'hub:x'])
    expect(() => createSink({ ...config, endpoints: [wrong] })).toThrow('not HOST:PORT')
})

test('a plan without addresses is a mistake of ours', () => {
  expect(() => createSink(config)).toThrow('no address')
})

test('what users write has no addresses', () => {
  const refused = agentSinkSchema.safeParse({ name: 'hub', endpoints: ['h:1'] })
  expect(refused.error?.issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['endpoints'] }])
  expect(agentSinkSchema.parse({ name: 'hub', source: 'collect/in' }).source).toBe('collect/in')
  expect(agentSinkSchema.safeParse({ name: 'hub', source: 'in' }).success).toBe(false)
})
