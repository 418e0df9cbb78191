import { describe, expect, test } from 'vitest'
import { eventsFrom, failureOf, serverOf } from '../../../test/avro/fixture.ts'
import type { ScriptedServer } from '../../../test/avro/scripted-server.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import type { FlumeError } from '../../core/errors.ts'
import { callsOf } from './calls.ts'
import { calledOff } from './client-errors.ts'
import { addressOf, dialer } from './dial.ts'

const CALLS = callsOf([eventsFrom(0, 1)], { eventsMax: 10, bytesMax: 1000 })
const CONNECT_TIMEOUT_MS = 1000

function dialTo(server: ScriptedServer) {
  const clock = new ManualClock()
  const ending = new AbortController()
  const closed: FlumeError[] = []
  const dial = dialer({
    host: '127.0.0.1',
    port: server.port,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    requestTimeoutMs: 60_000,
    clock,
    wrap: async (socket) => socket,
  })
  const connecting = dial(ending.signal, (error) => closed.push(error))
  return { connecting, clock, ending, closed }
}

describe('a connection is made', () => {
  test.each([undefined, 'unknown'] as const)(
    'to a server to which the protocol is %s, and takes requests',
    async (handshake) => {
      const server = await serverOf({ ...(handshake && { handshake }), pieceBytes: 7 })
      const { connecting, clock, closed } = dialTo(server)
      const connection = await connecting
      expect(clock.pending).toBeLessThanOrEqual(1)
      await connection.send(CALLS[0]!)
      expect(server.bodies).toEqual(['0'])
      connection.destroy(calledOff('the test ends', 'none'))
      expect(closed).toHaveLength(1)
    },
  )
})

describe('no connection is made, and nothing is left of it', () => {
  const unreachable = { code: 'FLM4301', outcome: 'none', retryable: true }

  test('to a server that never accepts the handshake', async () => {
    const server = await serverOf({ handshake: 'never' })
    const { connecting, closed } = dialTo(server)
    expect(await failureOf(connecting)).toMatchObject(unreachable)
    await server.until(() => server.openConnections === 0)
    expect(closed).toEqual([])
  })

  test('to a server that accepts connections and hangs: time ends it', async () => {
    const server = await serverOf({ handshake: 'silence' })
    const { connecting, clock, closed } = dialTo(server)
    await server.until(() => server.connections === 1)
    clock.advance(CONNECT_TIMEOUT_MS)
    const failure = await failureOf(connecting)
    expect(failure).toMatchObject(unreachable)
    expect(failure.message).toContain(`not ready within ${CONNECT_TIMEOUT_MS} ms`)
    await server.until(() => server.openConnections === 0)
    expect(closed).toEqual([])
    expect(clock.pending).toBe(0)
  })

  test('when the sink ends meanwhile', async () => {
    const server = await serverOf({ handshake: 'silence' })
    const { connecting, ending } = dialTo(server)
    await server.until(() => server.connections === 1)
    ending.abort(new Error('the sink ends'))
    expect((await failureOf(connecting)).message).toContain('the sink ends')
    await server.until(() => server.openConnections === 0)
  })

  test('when what is put around the socket fails', async () => {
    const server = await serverOf()
    const failing = dialer({
      host: '127.0.0.1',
      port: server.port,
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
      requestTimeoutMs: 60_000,
      clock: new ManualClock(),
      wrap: async () => {
        throw new Error('no TLS today')
      },
    })
    const failure = await failureOf(failing(new AbortController().signal, () => {}))
    expect(failure.message).toContain('no TLS today')
    await server.until(() => server.connections === 1 && server.openConnections === 0)
  })
})

test('an address as people write it', () => {
  expect(addressOf({ host: 'hub-0', port: 4141 })).toBe('hub-0:4141')
  expect(addressOf({ host: '::1', port: 4141 })).toBe('[::1]:4141')
})
