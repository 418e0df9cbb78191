import { describe, expect, test } from 'vitest'
import {
  NEVER,
  eventsFrom,
  failureOf,
  serverOf,
  passUntil,
  serversOf,
  settling,
  sinkTo,
  until,
} from '../../../test/avro/fixture.ts'
import type { ScriptedServer } from '../../../test/avro/scripted-server.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import type { AvroClientSink } from './client-sink.ts'
import { ENDPOINT_BACKOFF } from './endpoint.ts'

/** Connected to all: else the first calls go to whoever is there first. */
async function balanced(
  servers: readonly ScriptedServer[],
  config: Parameters<typeof sinkTo>[1] = {},
  clock?: ManualClock,
): Promise<AvroClientSink> {
  const sink = await sinkTo(servers, config, clock)
  await sink.write([eventsFrom(0, 1, 'first')], NEVER)
  for (const server of servers) await server.until(() => server.connections > 0)
  await allLive(sink)
  for (const server of servers) server.calls.length = 0
  return sink
}

async function allLive(sink: AvroClientSink): Promise<void> {
  await until(() => endpointsOf(sink).every(({ live }) => live))
}

function endpointsOf(sink: AvroClientSink) {
  const { endpoints } = sink.status() as {
    endpoints: {
      live: boolean
      failures: number
      eventsInFlight: number
      eventsTotal: number
      why: string | null
    }[]
  }
  return endpoints
}

async function append(sink: AvroClientSink, times: number, events = 1): Promise<void> {
  for (let i = 0; i < times; i++) await sink.write([eventsFrom(i * events, events)], NEVER)
}

function counts(servers: readonly ScriptedServer[]): number[] {
  return servers.map(({ calls }) => calls.length)
}

describe('the cases of Flume for its load balancing client', () => {
  test('two hosts in turn: 100 appends are 50 and 50', async () => {
    const servers = await serversOf(2)
    await append(await balanced(servers), 100)
    expect(counts(servers)).toEqual([50, 50])
  })

  test('two hosts in turn, several events at a time: the same', async () => {
    const servers = await serversOf(2)
    await append(await balanced(servers), 100, 3)
    expect(counts(servers)).toEqual([50, 50])
  })

  test('ten hosts in turn get equally many', async () => {
    const servers = await serversOf(10)
    await append(await balanced(servers), 50)
    expect(counts(servers)).toEqual(Array(10).fill(5))
  })

  test('the second host refuses from the 20th to the 40th append: the first gets those', async () => {
    const servers = await serversOf(2)
    const clock = new ManualClock()
    const sink = await balanced(servers, {}, clock)
    await append(sink, 20)
    servers[1]!.react = () => 'FAILED'
    await append(sink, 20)
    servers[1]!.react = () => 'OK'
    clock.advance(ENDPOINT_BACKOFF.maxMs)
    await append(sink, 60)
    const taken = endpointsOf(sink).map(({ eventsTotal }) => eventsTotal)
    expect(taken[0]! + taken[1]!).toBe(101)
    expect(taken[1]).toBeGreaterThanOrEqual(40)
    expect(taken[1]).toBeLessThanOrEqual(41)
  })

  test('the second host is closed from the 20th to the 40th append: the first gets those', async () => {
    const servers = await serversOf(2)
    const clock = new ManualClock()
    const sink = await balanced(servers, {}, clock)
    await append(sink, 20)
    await servers[1]!.kill()
    await append(sink, 20)
    expect(counts(servers)).toEqual([30, 10])
    await servers[1]!.listen()
    clock.advance(ENDPOINT_BACKOFF.maxMs)
    await allLive(sink)
    await append(sink, 60)
    expect(counts(servers)).toEqual([60, 40])
  })

  test('a host that nobody listens at: all goes to the other', async () => {
    const servers = await serversOf(2)
    await servers[0]!.kill()
    const sink = await sinkTo(servers)
    await append(sink, 10)
    expect(counts(servers)).toEqual([0, 10])
    expect(endpointsOf(sink)).toMatchObject([{ live: false }, { live: true }])
  })

  test('a host that failed is left alone for a while, even when it is well again', async () => {
    const servers = await serversOf(2)
    const clock = new ManualClock()
    const sink = await balanced(servers, {}, clock)
    await append(sink, 2)
    servers[0]!.react = () => 'FAILED'
    await append(sink, 3)
    servers[0]!.react = () => 'OK'
    const before = counts(servers)
    await append(sink, 3)
    expect(counts(servers)).toEqual([before[0], before[1]! + 3])
    clock.advance(ENDPOINT_BACKOFF.maxMs)
    await append(sink, 4)
    expect(counts(servers)).toEqual([before[0]! + 2, before[1]! + 5])
  })

  test('all hosts refuse: the write fails, having asked each once; then it works again', async () => {
    const servers = await serversOf(3)
    const sink = await balanced(servers)
    for (const server of servers) server.react = () => 'FAILED'
    const failure = await failureOf(sink.write([eventsFrom(0, 1)], NEVER))
    expect(failure).toMatchObject({ code: 'FLM4304', outcome: 'unknown', retryable: true })
    for (const { address } of servers) expect(failure.message).toContain(address)
    expect(counts(servers)).toEqual([1, 1, 1])
    for (const server of servers) server.react = () => 'OK'
    await append(sink, 3)
  })
})

describe('the cases of Flume for its failover client', () => {
  test('whichever host is closed, the others take over; one that is restarted is used again', async () => {
    const servers = await serversOf(3)
    const clock = new ManualClock()
    const sink = await balanced(servers, {}, clock)
    for (const [i, server] of servers.entries()) {
      await server.kill()
      await append(sink, 5)
      await server.listen()
      clock.advance(ENDPOINT_BACKOFF.maxMs)
      await allLive(sink)
      const before = server.calls.length
      await append(sink, 3)
      expect(server.calls.length, `server ${i}`).toBe(before + 1)
    }
    for (const server of servers) await server.kill()
    await until(() => endpointsOf(sink).every(({ live }) => !live))
    const failure = await failureOf(sink.write([eventsFrom(0, 1)], NEVER))
    expect(failure).toMatchObject({ code: 'FLM4301', outcome: 'none' })
    // A write does not wait for back-off when it has nobody else to go to.
    await servers[1]!.listen()
    await append(sink, 1)
  })
})

describe('a peer that is killed', () => {
  test('with requests in flight: they go to the other at once, with no time passing', async () => {
    const [dying, living] = await serversOf(2)
    dying!.react = () => 'silence'
    const sink = await balanced2([dying!, living!])
    const writes = Promise.all(
      Array.from({ length: 8 }, (_, i) => sink.write([eventsFrom(i * 5, 5)], NEVER)),
    )
    await dying!.until(() => dying!.calls.length > 0)
    await dying!.kill()
    await writes
    const numbers = living!.bodies.map(Number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 40 }, (_, i) => i))
  })

  test('with nobody else: the write fails at once, its outcome unknown', async () => {
    const server = await serverOf({ react: () => 'silence' })
    const sink = await sinkTo([server], {}, new ManualClock())
    const failure = failureOf(sink.write([eventsFrom(0, 5)], NEVER))
    await server.until(() => server.calls.length === 1)
    await server.kill()
    expect(await failure).toMatchObject({ code: 'FLM4303', outcome: 'unknown', retryable: true })
  })
})

/** As `balanced`, for servers that do not answer events. */
async function balanced2(
  servers: readonly ScriptedServer[],
  config: Parameters<typeof sinkTo>[1] = {},
): Promise<AvroClientSink> {
  const reactions = servers.map(({ react }) => react)
  for (const server of servers) server.react = () => 'OK'
  const clock = new ManualClock()
  const sink = await balanced(servers, config, clock)
  for (const [i, server] of servers.entries()) server.react = reactions[i]!
  return sink
}

describe('a peer that hangs', () => {
  const requestTimeout = 5000

  async function frozenAndLiving(config: Parameters<typeof sinkTo>[1] = {}) {
    const servers = await serversOf(2)
    const clock = new ManualClock()
    const sink = await balanced(servers, { requestTimeout, ...config }, clock)
    const [frozen, living] = servers as [ScriptedServer, ScriptedServer]
    frozen.freeze()
    return { frozen, living, clock, sink }
  }

  test('is left after requestTimeout; never is a request elsewhere before', async () => {
    const { living, clock, sink } = await frozenAndLiving()
    const writes = [0, 1].map((i) => sink.write([eventsFrom(i, 1)], NEVER))
    await Promise.any(writes)
    clock.advance(requestTimeout - 1)
    await new Promise(setImmediate)
    expect(living.calls.length).toBe(1)
    expect(endpointsOf(sink)).toMatchObject([{ live: true }, { live: true }])
    clock.advance(1)
    await Promise.all(writes)
    expect(living.bodies.toSorted()).toEqual(['0', '1'])
    expect(endpointsOf(sink)).toMatchObject([
      { live: false, why: expect.stringContaining('FLM4302') as string },
      { live: true },
    ])
  })

  test('does not hold up the others: it keeps what it has and gets no more', async () => {
    const { living, sink } = await frozenAndLiving()
    const writes: Promise<unknown>[] = []
    let stuck = 0
    for (let i = 0; i < 40; i++) {
      const write = sink.write([eventsFrom(i, 1)], NEVER)
      writes.push(write)
      const isStuck = until(() => endpointsOf(sink)[0]!.eventsInFlight > stuck)
      await Promise.race([write, isStuck])
      stuck = endpointsOf(sink)[0]!.eventsInFlight
    }
    expect(stuck).toBe(1)
    expect(living.calls.length).toBe(39)
    await sink.stop()
    await Promise.allSettled(writes)
  })

  test('is found out by probes with no event in them, and used again when it answers one', async () => {
    const { frozen, living, clock, sink } = await frozenAndLiving({ connectTimeout: 10_000 })
    const writes = [0, 1].map((i) => sink.write([eventsFrom(i, 1)], NEVER))
    await Promise.any(writes)
    clock.advance(requestTimeout)
    await Promise.all(writes)
    for (let probe = 1; probe <= 3; probe++) {
      const before = frozen.connections
      await passUntil(clock, () => frozen.connections > before)
      await passUntil(clock, () => endpointsOf(sink)[0]!.failures > probe)
    }
    await append(sink, 4)
    expect(living.calls.length).toBe(6)
    frozen.thaw()
    await passUntil(clock, () => endpointsOf(sink)[0]!.live)
    const before = endpointsOf(sink)[0]!.eventsTotal
    await append(sink, 4)
    expect(endpointsOf(sink)[0]!.eventsTotal).toBe(before + 2)
  })

  test('before it was ever reached, is not waited for while another is there', async () => {
    const servers = await serversOf(2)
    servers[0]!.freeze()
    const sink = await sinkTo(servers, {}, new ManualClock())
    await append(sink, 3)
    expect(counts(servers)).toEqual([0, 3])
  })
})

describe('the bound of what is in flight', () => {
  test('holds over all endpoints, in events', async () => {
    const servers = await serversOf(3)
    const held: (() => void)[] = []
    let open = 0
    let openMax = 0
    for (const server of servers) {
      server.react = async ({ events }) => {
        open += events.length
        openMax = Math.max(openMax, open)
        await new Promise<void>((resolve) => held.push(resolve))
        open -= events.length
        return 'OK' as const
      }
    }
    const sink = await sinkTo(servers, { maxInFlight: 30, batchSize: 10, connections: 2 })
    const writes = Array.from({ length: 8 }, (_, i) => sink.write([eventsFrom(i * 25, 25)], NEVER))
    const all = Promise.all(writes)
    const done = settling(all)
    while (!done()) {
      held.shift()?.()
      await new Promise(setImmediate)
    }
    await all
    expect(openMax).toBeGreaterThan(10)
    expect(openMax).toBeLessThanOrEqual(30)
    expect(servers.flatMap(({ bodies }) => bodies).length).toBe(200)
  })

  test('is the most that is sent again when a peer dies with all it has', async () => {
    const [dying, living] = await serversOf(2)
    dying!.react = () => 'silence'
    living!.react = () => 'OK'
    const sink = await balanced2([dying!, living!], { maxInFlight: 50, batchSize: 10 })
    const writes = Array.from({ length: 8 }, (_, i) => sink.write([eventsFrom(i * 40, 40)], NEVER))
    await until(() => endpointsOf(sink)[0]!.eventsInFlight > 0)
    for (let turn = 0; turn < 200; turn++) await new Promise(setImmediate)
    await dying!.kill()
    await Promise.all(writes)
    const repeated = dying!.bodies.length
    expect(repeated).toBeLessThanOrEqual(50)
    expect(new Set(living!.bodies).size).toBe(320)
    expect(living!.bodies.length).toBe(320)
  })
})

test('health is said once per change', async () => {
  const server = await serverOf()
  const clock = new ManualClock()
  const sink = await sinkTo([server], { connections: 3 }, clock)
  await append(sink, 1)
  await until(() => server.connections === 3)
  await server.kill()
  await until(() => !endpointsOf(sink)[0]!.live)
  expect(endpointsOf(sink)[0]!.failures).toBe(1)
})
