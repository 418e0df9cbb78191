import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, it } from 'vitest'
import { Connections } from './connections.ts'

it('counts connections, tells when one is gone, and ends all', async () => {
  const connections = new Connections()
  const server = createServer((socket) => connections.add(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accept = async (): Promise<{ readonly client: Socket; readonly accepted: Socket }> => {
    const client = connect(port, '127.0.0.1')
    client.on('error', () => {})
    const [accepted] = (await once(server, 'connection')) as [Socket]
    return { client, accepted }
  }
  const first = await accept()
  const second = await accept()
  expect(connections.count).toBe(2)
  const known = connections.of(first.accepted)
  expect(connections.of(first.accepted)).toBe(known)
  expect(known).toMatchObject({ requests: 0, gone: { aborted: false } })
  first.client.destroy()
  first.accepted.resume()
  await once(known.gone, 'abort')
  expect(connections.count).toBe(1)
  expect(connections.of(first.accepted).gone.aborted).toBe(true)
  connections.destroy()
  await once(second.accepted, 'close')
  expect(connections.count).toBe(0)
  expect(connections.of(second.accepted).gone.aborted).toBe(true)
  server.close()
})
