import { describe, expect, onTestFinished, test } from 'vitest'
import { AvroClientSink } from './client-sink.ts'
import { ServicePeers } from './service-peers.ts'
import {
  CONFIG,
  NEVER,
  eventsFrom,
  failureOf,
  passUntil,
  serverOf,
  settling,
  sinkContext,
  until,
} from '../../../test/avro/fixture.ts'
import type { ScriptedServer } from '../../../test/avro/scripted-server.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import { REFRESH_MS } from './service-addresses.ts'

/** Replicas at one port of several addresses of this machine, as pods have it. */
async function replicas(count: number): Promise<ScriptedServer[]> {
  const first = await serverOf({ host: '127.0.0.1' })
  const { port } = first
  const others = Array.from({ length: count - 1 }, (_, i) =>
    serverOf({ host: `127.0.0.${i + 2}`, port }),
  )
  return [first, ...(await Promise.all(others))]
}

interface Bench {
  readonly sink: AvroClientSink
  readonly clock: ManualClock
  /** What the name resolves to. */
  answer: () => Promise<readonly string[]>
}

async function benchTo(port: number, addresses: readonly string[]): Promise<Bench> {
  const clock = new ManualClock()
  const bench = { answer: () => Promise.resolve(addresses), clock }
  const peers = new ServicePeers({ host: 'hub', port }, () => bench.answer())
  const sink = new AvroClientSink(peers, CONFIG)
  onTestFinished(() => sink.stop())
  await sink.start(sinkContext(clock))
  return Object.assign(bench, { sink })
}

function endpointsOf(sink: AvroClientSink) {
  const { endpoints } = sink.status() as { endpoints: { address: string; live: boolean }[] }
  return endpoints
}

const allLive = (sink: AvroClientSink): Promise<void> =>
  until(() => endpointsOf(sink).every(({ live }) => live))

describe('a sink to the name of a service', () => {
  test('spreads events over all replicas, and over one that comes later', async () => {
    const servers = await replicas(3)
    const bench = await benchTo(servers[0]!.port, ['127.0.0.1', '127.0.0.2'])
    await bench.sink.write([eventsFrom(0, 1)], NEVER)
    await allLive(bench.sink)
    for (let i = 1; i < 21; i++) await bench.sink.write([eventsFrom(i, 1)], NEVER)
    expect(servers[2]!.calls).toEqual([])
    for (const server of servers.slice(0, 2)) expect(server.calls.length).toBeGreaterThan(5)

    bench.answer = () => Promise.resolve(['127.0.0.1', '127.0.0.2', '127.0.0.3'])
    await passUntil(bench.clock, () => endpointsOf(bench.sink).length === 3)
    for (let i = 21; servers[2]!.calls.length === 0; i++)
      await bench.sink.write([eventsFrom(i, 1)], NEVER)
  })

  test('waits for what a replica that left the name has in flight, sends it no more, and closes', async () => {
    const servers = await replicas(2)
    const bench = await benchTo(servers[0]!.port, ['127.0.0.1'])
    const answered = Promise.withResolvers<'OK'>()
    servers[0]!.react = () => answered.promise
    const write = bench.sink.write([eventsFrom(0, 1)], NEVER)
    await servers[0]!.until(() => servers[0]!.calls.length === 1)
    bench.answer = () => Promise.resolve(['127.0.0.2'])
    bench.clock.advance(REFRESH_MS)
    await until(() => endpointsOf(bench.sink)[0]!.address.startsWith('127.0.0.2'))
    await bench.sink.write([eventsFrom(1, 1)], NEVER)
    expect(servers[1]!.bodies).toEqual(['1'])
    expect(servers[0]!.openConnections).toBe(1)
    answered.resolve('OK')
    await write
    await servers[0]!.until(() => servers[0]!.openConnections === 0)
    expect(servers[0]!.bodies).toEqual(['0'])
  })

  test('without an address waits and says so, and goes on when there is one', async () => {
    const [server] = await replicas(1)
    const bench = await benchTo(server!.port, [])
    const refused = await failureOf(bench.sink.write([eventsFrom(0, 1)], NEVER))
    expect(refused).toMatchObject({ code: 'FLM4307', retryable: true, outcome: 'none' })
    expect(refused.message).toContain(`hub:${server!.port}: it has no address`)
    expect(bench.sink.status()).toMatchObject({ resolved: { addresses: 0, problem: null } })
    bench.answer = () => Promise.resolve(['127.0.0.1'])
    await bench.sink.write([eventsFrom(0, 1)], NEVER)
    expect(server!.bodies).toEqual(['0'])
  })

  test('whose name cannot be asked for says that, and uses what was known', async () => {
    const [server] = await replicas(1)
    const bench = await benchTo(server!.port, [])
    bench.answer = () => Promise.reject(new Error('no name server'))
    const refused = await failureOf(bench.sink.write([eventsFrom(0, 1)], NEVER))
    expect(refused.message).toContain('looking it up failed: no name server')
    bench.answer = () => Promise.resolve(['127.0.0.1'])
    await bench.sink.write([eventsFrom(0, 1)], NEVER)
    bench.answer = () => Promise.reject(new Error('no name server'))
    bench.clock.advance(2 * REFRESH_MS)
    await until(() => JSON.stringify(bench.sink.status()).includes('no name server'))
    await bench.sink.write([eventsFrom(1, 1)], NEVER)
    expect(server!.bodies).toEqual(['0', '1'])
  })

  test('goes on with whom it is connected to when the name has no address any more', async () => {
    const servers = await replicas(2)
    const bench = await benchTo(servers[0]!.port, ['127.0.0.1', '127.0.0.2'])
    await bench.sink.write([eventsFrom(0, 1)], NEVER)
    await allLive(bench.sink)
    await servers[1]!.kill()
    await until(() => !endpointsOf(bench.sink)[1]!.live)
    bench.answer = () => Promise.resolve([])
    await passUntil(bench.clock, () => endpointsOf(bench.sink).length === 1)
    await bench.sink.write([eventsFrom(1, 1)], NEVER)
    expect(servers[0]!.bodies).toContain('1')
    await servers[0]!.kill()
    await passUntil(bench.clock, () => endpointsOf(bench.sink).length === 0)
    const refused = await failureOf(bench.sink.write([eventsFrom(2, 1)], NEVER))
    expect(refused.code).toBe('FLM4307')
  })

  test('that is stopped ends what waits for an answer', async () => {
    const bench = await benchTo(1, [])
    bench.answer = () => new Promise(() => {})
    await bench.sink.stop()
    const isSettled = settling(bench.sink.write([eventsFrom(0, 1)], NEVER))
    await until(isSettled)
    expect(bench.clock.pending).toBe(0)
  })
})
