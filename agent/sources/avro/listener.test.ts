import { once } from 'node:events'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { Listener } from './listener.ts'

const options = (port: number, sockets: Socket[] = []) => ({
  bind: '127.0.0.1',
  port,
  connectionsMax: 10,
  onSocket: (socket: Socket) => void sockets.push(socket.on('error', () => {})),
  onDropped: () => {},
  onError: () => {},
})

test('listens at a free port until it is closed', async () => {
  const sockets: Socket[] = []
  const listener = await Listener.open(options(0, sockets))
  const client = connect(listener.port, '127.0.0.1')
  await once(client, 'connect')
  client.destroy()
  listener.close()
  const again = await Listener.open(options(0))
  again.close()
  for (const socket of sockets) socket.destroy()
})

test('a port in use, an address of nobody and a name of nothing are errors that name the address', async () => {
  const listener = await Listener.open(options(0))
  const failure = (bind: string, port: number) =>
    Listener.open({ ...options(port), bind }).catch((error: unknown) => error)
  expect(await failure('127.0.0.1', listener.port)).toMatchObject({
    code: 'FLM3201',
    retryable: true,
    message: expect.stringContaining('EADDRINUSE') as string,
  })
  expect(await failure('192.0.2.1', 0)).toMatchObject({ code: 'FLM3201' })
  listener.close()
})
