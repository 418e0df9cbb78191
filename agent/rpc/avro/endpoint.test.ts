import { describe, expect, onTestFinished, test } from 'vitest'
import { eventsFrom, failureOf, passUntil, serverOf, until } from '../../../test/avro/fixture.ts'
import type { ScriptedServer } from '../../../test/avro/scripted-server.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import { callsOf } from './calls.ts'
import { calledOff } from './client-errors.ts'
import { dialer } from './dial.ts'
import { ENDPOINT_BACKOFF, Endpoint } from './endpoint.ts'

function endpointTo(server: ScriptedServer, connections = 1) {
  const clock = new ManualClock()
  const said: string[] = []
  const endpoint = new Endpoint({
    address: server.address,
    connections,
    dial: dialer({
      host: '127.0.0.1',
      port: server.port,
      connectTimeoutMs: 60_000,
      requestTimeoutMs: 60_000,
      clock,
      wrap: async (socket) => socket,
    }),
    clock,
    random: { number: () => 0, bytes: (length) => Buffer.alloc(length) },
    on: {
      changed: () => {},
      unreachable: () => said.push('unreachable'),
      down: (_, error) => said.push(`down ${error.code}`),
      live: () => said.push('live'),
    },
  })
  onTestFinished(() => endpoint.stop(calledOff('the test ends', 'none')))
  return { endpoint, clock, said }
}

function send(endpoint: Endpoint): Promise<void> {
  const [call] = callsOf([eventsFrom(0, 1)], { eventsMax: 10, bytesMax: 1000 })
  return endpoint.send(call!, endpoint.connectionFor(call!)!)
}

describe('connections', () => {
  test('are opened when asked for, the first alone, then all; no event is needed', async () => {
    const server = await serverOf()
    const { endpoint, said } = endpointTo(server, 3)
    expect(server.connections).toBe(0)
    endpoint.connect()
    endpoint.connect()
    await until(() => endpoint.status().connections === 3)
    expect(server.connections).toBe(3)
    expect(server.calls).toEqual([])
    expect(said).toEqual(['live'])
  })

  test('share the load: the one with the least in flight is next', async () => {
    const server = await serverOf({ react: () => 'silence' })
    const { endpoint } = endpointTo(server, 2)
    endpoint.connect()
    await until(() => endpoint.status().connections === 2)
    for (let i = 0; i < 4; i++) void send(endpoint).catch(() => {})
    await server.until(() => server.calls.length === 4)
    const perConnection = server.calls.map(({ connection }) => connection)
    expect(perConnection.filter((each) => each === 0)).toHaveLength(2)
    expect(endpoint).toMatchObject({ inFlightEvents: 4 })
    expect(endpoint.status()).toMatchObject({ requestsInFlight: 4, eventsInFlight: 4 })
  })

  test('that are lost together are one failure, said once, and are opened again', async () => {
    const server = await serverOf()
    const { endpoint, clock, said } = endpointTo(server, 3)
    endpoint.connect()
    await until(() => endpoint.status().connections === 3)
    await server.kill()
    await until(() => !endpoint.live)
    expect(endpoint.status()).toMatchObject({ live: false, failures: 1 })
    expect(said).toEqual(['live', 'down FLM4303'])
    await server.listen()
    clock.advance(ENDPOINT_BACKOFF.minMs)
    await until(() => endpoint.status().connections === 3)
    expect(said).toEqual(['live', 'down FLM4303', 'live'])
  })

  test('of which one is lost: the others go on, it is opened again', async () => {
    const server = await serverOf({ react: ({ number }) => (number === 0 ? 'close' : 'OK') })
    const { endpoint, clock, said } = endpointTo(server, 2)
    endpoint.connect()
    await until(() => endpoint.status().connections === 2)
    expect(await failureOf(send(endpoint))).toMatchObject({ code: 'FLM4303', outcome: 'unknown' })
    expect(endpoint.status()).toMatchObject({ live: true, connections: 1, failures: 1 })
    await send(endpoint)
    clock.advance(ENDPOINT_BACKOFF.minMs)
    await until(() => endpoint.status().connections === 2)
    expect(said).toEqual(['live'])
  })
})

describe('a peer that is away', () => {
  test('is tried again with growing delays up to the longest, for as long as it takes', async () => {
    const server = await serverOf()
    await server.kill()
    const { endpoint, clock, said } = endpointTo(server)
    endpoint.connect()
    const delays: number[] = []
    for (let failures = 1; failures <= 9; failures++) {
      await until(() => endpoint.status().failures === failures && clock.nextMs !== undefined)
      delays.push(clock.nextMs!)
      clock.advance(clock.nextMs!)
    }
    expect(delays).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000])
    expect(said.filter((each) => each.startsWith('down'))).toEqual(['down FLM4301'])
    await server.listen()
    await passUntil(clock, () => endpoint.live)
    expect(endpoint.status()).toMatchObject({ live: true, why: expect.any(String) as string })
    await send(endpoint)
    expect(endpoint.status()).toMatchObject({ why: null, failures: 0, eventsTotal: 1 })
  })

  test('that comes back for a moment only: the delays go on growing', async () => {
    const server = await serverOf({ react: () => 'close' })
    const { endpoint, clock } = endpointTo(server)
    endpoint.connect()
    const delays: number[] = []
    for (let i = 0; i < 4; i++) {
      await until(() => endpoint.live)
      await failureOf(send(endpoint))
      await until(() => !endpoint.live)
      delays.push(Math.round(clock.nextMs!))
      clock.advance(clock.nextMs!)
    }
    expect(delays).toEqual([100, 200, 400, 800])
  })

  test('can be asked at once', async () => {
    const server = await serverOf()
    await server.kill()
    const { endpoint, said } = endpointTo(server)
    endpoint.connect()
    await until(() => endpoint.status().failures === 1)
    await server.listen()
    endpoint.connect()
    await until(() => endpoint.live)
    expect(said).toEqual(['unreachable', 'down FLM4301', 'live'])
  })
})

describe('a peer that does not answer in time', () => {
  const REQUEST_TIMEOUT_MS = 60_000
  const LATER_MS = 50_000

  test('in any connection is left in all: what was sent later is not waited for once more', async () => {
    const server = await serverOf({ react: () => 'silence' })
    const { endpoint, clock, said } = endpointTo(server, 3)
    endpoint.connect()
    await until(() => endpoint.status().connections === 3)
    const failures = [failureOf(send(endpoint))]
    clock.advance(LATER_MS)
    failures.push(failureOf(send(endpoint)))
    await server.until(() => server.calls.length === 2)
    clock.advance(REQUEST_TIMEOUT_MS - LATER_MS)
    for (const failure of await Promise.all(failures))
      expect(failure).toMatchObject({ code: 'FLM4302', outcome: 'unknown' })
    expect(endpoint.status()).toMatchObject({ live: false, connections: 0, failures: 1 })
    expect(said).toEqual(['live', 'down FLM4302'])
  })

  test('in one connection, but in another, is left in the one', async () => {
    const server = await serverOf({
      react: ({ number }) => (number === 0 ? 'silence' : 'OK'),
    })
    const { endpoint, clock } = endpointTo(server, 2)
    endpoint.connect()
    await until(() => endpoint.status().connections === 2)
    const failure = failureOf(send(endpoint))
    clock.advance(LATER_MS)
    await send(endpoint)
    clock.advance(REQUEST_TIMEOUT_MS - LATER_MS)
    expect(await failure).toMatchObject({ code: 'FLM4302' })
    expect(endpoint.status()).toMatchObject({ live: true, connections: 1 })
  })
})

test('a peer that refuses is passed over for growing times, until it answers OK', async () => {
  const server = await serverOf({ react: () => 'FAILED' })
  const { endpoint, clock } = endpointTo(server)
  endpoint.connect()
  await until(() => endpoint.live)
  for (const delayMs of [100, 200, 400]) {
    await Promise.all([failureOf(send(endpoint)), failureOf(send(endpoint))])
    expect(endpoint.status()).toMatchObject({ live: false, why: expect.any(String) as string })
    clock.advance(delayMs - 1)
    expect(endpoint.refusing).toBe(true)
    clock.advance(1)
    expect(endpoint.refusing).toBe(false)
  }
  await failureOf(send(endpoint))
  server.react = () => 'OK'
  await send(endpoint)
  expect(endpoint.refusing).toBe(false)
  expect(endpoint.status()).toMatchObject({ live: true, why: null, failures: 0, connections: 1 })
})

test('stopping closes what is open and what is being opened, and tries nothing again', async () => {
  const server = await serverOf()
  const { endpoint, clock } = endpointTo(server, 2)
  endpoint.connect()
  await until(() => endpoint.live)
  endpoint.stop(calledOff('the sink was stopped', 'none'))
  await server.until(() => server.openConnections === 0)
  endpoint.connect()
  expect(endpoint.live).toBe(false)
  await until(() => !endpoint.connecting)
  expect(clock.pending).toBe(0)
})
