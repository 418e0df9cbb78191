import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { NEVER } from '../../../test/avro/fixture.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import { openSocket } from './client-socket.ts'

async function listening(host: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.end('hello')
  })
  server.listen(0, host)
  await once(server, 'listening')
  onTestFinished(() => void server.close())
  return (server.address() as AddressInfo).port
}

async function opened(host: string, port: number, signal = NEVER): Promise<Socket> {
  const clock = new ManualClock()
  const socket = await openSocket({ host, port, timeoutMs: 1000, clock }, signal)
  onTestFinished(() => void socket.destroy())
  expect(clock.pending).toBe(0)
  return socket
}

test('an address is connected to', async () => {
  const socket = await opened('127.0.0.1', await listening('127.0.0.1'))
  const [chunk] = (await once(socket, 'data')) as [Buffer]
  expect(chunk.toString()).toBe('hello')
})

test('of a name all addresses are tried: it may have one that nobody listens at', async () => {
  // Where localhost is also ::1, that is refused first.
  const socket = await opened('localhost', await listening('127.0.0.1'))
  expect(socket.remoteAddress).toContain('127.0.0.1')
})

test('nobody listens: the failure is that of the system', async () => {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  await expect(opened('127.0.0.1', port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('what is called off ends with the reason', async () => {
  const calling = new AbortController()
  const opening = opened('127.0.0.1', await listening('127.0.0.1'), calling.signal)
  calling.abort(new Error('enough'))
  await expect(opening).rejects.toThrow('enough')
  await expect(opened('localhost', 1, calling.signal)).rejects.toThrow('enough')
})
