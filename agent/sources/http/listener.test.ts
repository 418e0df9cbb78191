import { once } from 'node:events'
import { createServer } from 'node:net'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import type { Logger } from '../../core/logger.ts'
import { systemClock } from '../../lib/clock.ts'
import { httpSourceSchema } from './config.ts'
import { listen, makeServer } from './listener.ts'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

const CONFIG = httpSourceSchema.parse({
  bind: '127.0.0.1',
  port: 0,
  maxConnections: 3,
  headersTimeout: '2s',
})

const context = { clock: systemClock, log: silent }
const make = (): Promise<Server> => makeServer(CONFIG, context, () => {})

it('makes a server with the bounds of its configuration', async () => {
  const server = await make()
  expect(server).toMatchObject({
    maxConnections: 3,
    headersTimeout: 2000,
    requestTimeout: 60_000,
    listening: false,
  })
  expect(await listen(server, CONFIG)).toBeGreaterThan(0)
  server.close()
})

it('tells an address that is taken from one that is not of this machine', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  await expect(listen(await make(), { ...CONFIG, port })).rejects.toMatchObject({
    code: 'FLM3201',
    retryable: true,
    message: expect.stringContaining(`127.0.0.1:${port}: listen EADDRINUSE`) as string,
  })
  other.close()
  const away = { bind: '192.0.2.1', port: 0 }
  await expect(listen(await make(), away)).rejects.toMatchObject({
    code: 'FLM3201',
    message: expect.stringContaining('EADDRNOTAVAIL') as string,
  })
})
