import { describe, expect, test } from 'vitest'
import {
  NEVER,
  eventsFrom,
  failureOf,
  passUntil,
  plainEventsFrom,
  serverOf,
  serversOf,
  settling,
  sinkTo,
} from '../../../test/avro/fixture.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import { AvroClientSink } from './client-sink.ts'
import { FixedPeers } from './peers.ts'

describe('the cases of Flume for its netty client', () => {
  test.each([
    { compression: 'none', compressionLevel: 6 },
    { compression: 'deflate', compressionLevel: 0 },
    { compression: 'deflate', compressionLevel: 6 },
  ] as const)('events arrive with $compression at level $compressionLevel', async (config) => {
    const server = await serverOf({ deflate: config.compression === 'deflate' })
    const sink = await sinkTo([server], config)
    await sink.write([plainEventsFrom(0, 1)], NEVER)
    await sink.write([plainEventsFrom(1, 3)], NEVER)
    expect(server.bodies).toEqual(['0', '1', '2', '3'])
    expect(server.calls[0]!.events[0]!.headers).toEqual({ host: 'h' })
  })

  test.each([
    { client: 'deflate', deflate: false },
    { client: 'none', deflate: true },
  ] as const)('compression on one side only fails: $client here', async ({ client, deflate }) => {
    const server = await serverOf({ deflate })
    const clock = new ManualClock()
    const sink = await sinkTo([server], { compression: client, connectTimeout: 5000 }, clock)
    const failure = failureOf(sink.write([plainEventsFrom(0, 1)], NEVER))
    // Whichever side waits for more bytes of what is no message, time ends it.
    await server.until(() => server.connections > 0)
    await passUntil(clock, settling(failure))
    expect(await failure).toMatchObject({ code: 'FLM4301', outcome: 'none', retryable: true })
    expect(server.calls).toEqual([])
  })

  test('nothing listens: it starts all the same, and the write fails at once', async () => {
    const server = await serverOf()
    await server.kill()
    const sink = await sinkTo([server])
    expect(await failureOf(sink.write([plainEventsFrom(0, 1)], NEVER))).toMatchObject({
      code: 'FLM4301',
      outcome: 'none',
      retryable: true,
      message: expect.stringContaining('ECONNREFUSED') as string,
    })
  })

  test('a batch larger than the batch size is split, all of it is delivered', async () => {
    const server = await serverOf()
    const sink = await sinkTo([server], { batchSize: 10 })
    await sink.write([plainEventsFrom(0, 25)], NEVER)
    expect(server.calls.map(({ events }) => events.length)).toEqual([10, 10, 5])
    expect(server.bodies).toEqual(Array.from({ length: 25 }, (_, i) => String(i)))
  })

  test('the server is closed: the next write fails and the sink says that it is not live', async () => {
    const server = await serverOf()
    const sink = await sinkTo([server])
    await sink.write([plainEventsFrom(0, 1)], NEVER)
    expect(sink.status()).toMatchObject({ endpoints: [{ live: true, why: null }] })
    await server.kill()
    expect((await failureOf(sink.write([plainEventsFrom(1, 1)], NEVER))).retryable).toBe(true)
    expect(sink.status()).toMatchObject({
      endpoints: [{ live: false, why: expect.stringContaining('FLM43') as string }],
    })
  })

  test('a write after the sink was stopped, or before it was started, fails', async () => {
    const server = await serverOf()
    const sink = await sinkTo([server])
    await sink.write([plainEventsFrom(0, 1)], NEVER)
    await sink.stop()
    const expected = { code: 'FLM4306', outcome: 'none', retryable: true }
    expect(await failureOf(sink.write([plainEventsFrom(1, 1)], NEVER))).toMatchObject(expected)
    const unstarted = new AvroClientSink(new FixedPeers([]), CONFIG_OF_NONE)
    expect(await failureOf(unstarted.write([plainEventsFrom(1, 1)], NEVER))).toMatchObject(expected)
    expect(server.bodies).toEqual(['0'])
  })

  test.each([
    { reaction: 'FAILED', outcome: 'unknown' },
    { reaction: 'UNKNOWN', outcome: 'unknown' },
    { reaction: { error: 'java.lang.Error: x' }, outcome: 'unknown' },
  ] as const)('an answer $reaction fails the write', async ({ reaction, outcome }) => {
    const server = await serverOf({ react: () => reaction })
    const sink = await sinkTo([server])
    const text = typeof reaction === 'string' ? reaction : reaction.error
    for (const count of [1, 3]) {
      expect(await failureOf(sink.write([plainEventsFrom(0, count)], NEVER))).toMatchObject({
        code: 'FLM4304',
        outcome,
        retryable: true,
        message: expect.stringContaining(text) as string,
      })
    }
    server.react = () => 'OK'
    await sink.write([plainEventsFrom(0, 2)], NEVER)
    expect(server.connections).toBe(1)
  })
})

const CONFIG_OF_NONE = {
  batchSize: 1,
  batchBytes: 1024,
  connections: 1,
  maxInFlight: 1,
  requestTimeout: 1,
  connectTimeout: 1,
  compression: 'none',
  compressionLevel: 6,
} as const

describe('a write', () => {
  test('tells the receiver stream, ranges and floor of its events, one stream per request', async () => {
    const server = await serverOf()
    const sink = await sinkTo([server])
    const floored = { ...eventsFrom(4, 2), ids: { stream: 's', first: 4, floor: 3 } }
    await sink.write(
      [floored, eventsFrom(6, 1), eventsFrom(9, 2), eventsFrom(0, 1, 't'), plainEventsFrom(0, 1)],
      NEVER,
    )
    expect(server.calls.map(({ metadata }) => metadata)).toEqual([
      { 'flume.stream': 's', 'flume.ranges': '4-6,9-10', 'flume.floor': '3' },
      { 'flume.stream': 't', 'flume.ranges': '0-0', 'flume.floor': '0' },
      {},
    ])
  })

  test('resolves when all of its requests were answered, whatever the pieces they come in', async () => {
    const server = await serverOf({ pieceBytes: 3 })
    const sink = await sinkTo([server], { batchSize: 5, connections: 3 })
    const writes = Array.from({ length: 20 }, (_, i) => eventsFrom(i * 13, 13))
    await Promise.all(writes.map((batch) => sink.write([batch], NEVER)))
    const numbers = server.bodies.map(Number).sort((a, b) => a - b)
    expect(numbers).toEqual(Array.from({ length: 260 }, (_, i) => i))
    expect(server.connections).toBeLessThanOrEqual(3)
  })

  test('fails when one request does, with the events of the others in doubt', async () => {
    const server = await serverOf({ react: ({ number }) => (number === 1 ? 'FAILED' : 'OK') })
    const sink = await sinkTo([server], { batchSize: 1, connections: 1 })
    const failure = await failureOf(sink.write([eventsFrom(0, 3)], NEVER))
    expect(failure).toMatchObject({ code: 'FLM4304', outcome: 'unknown', retryable: true })
  })

  test('that failed is not sent again as far as it arrived', async () => {
    const server = await serverOf({ react: ({ events }) => refusing(events) })
    const sink = await sinkTo([server], { batchSize: 10 })
    const refusing = (events: readonly { readonly body: string }[]) =>
      events[0]!.body === '20' ? 'FAILED' : 'OK'
    expect(await failureOf(sink.write([eventsFrom(0, 40)], NEVER))).toMatchObject({
      outcome: 'unknown',
    })
    const before = server.bodies.filter((body) => body !== '20')
    expect(before.length).toBeGreaterThan(10)
    server.react = () => 'OK'
    await sink.write([eventsFrom(0, 25), eventsFrom(25, 25)], NEVER)
    const counts = Array.from({ length: 50 }, (_, i) =>
      server.calls.flatMap(({ events }) => events).filter(({ body }) => body === String(i)),
    ).map((each) => each.length)
    // The request that was refused came twice, all others once.
    expect(counts).toEqual(Array.from({ length: 50 }, (_, i) => (i >= 20 && i < 30 ? 2 : 1)))
    await sink.write([eventsFrom(50, 1)], NEVER)
  })

  test('that is called off settles, with its connection destroyed', async () => {
    const server = await serverOf({ react: () => 'silence' })
    const sink = await sinkTo([server])
    const calling = new AbortController()
    const failure = failureOf(sink.write([eventsFrom(0, 3)], calling.signal))
    await server.until(() => server.calls.length === 1)
    calling.abort()
    expect(await failure).toMatchObject({ code: 'FLM4306', outcome: 'unknown', retryable: true })
    await server.until(() => server.openConnections === 0)
    const before = failureOf(sink.write([eventsFrom(0, 3)], calling.signal))
    expect(await before).toMatchObject({ code: 'FLM4306', outcome: 'none' })
  })

  test('settles when the sink is stopped under it', async () => {
    const server = await serverOf({ react: () => 'silence' })
    const sink = await sinkTo([server], { maxInFlight: 100 })
    const sent = failureOf(sink.write([eventsFrom(0, 100)], NEVER))
    const waiting = failureOf(sink.write([eventsFrom(100, 100)], NEVER))
    await server.until(() => server.calls.length === 1)
    await sink.stop()
    expect(await sent).toMatchObject({ outcome: 'unknown' })
    expect(await waiting).toMatchObject({ outcome: 'none' })
  })

  test('without events connects to nobody', async () => {
    const [server] = await serversOf(1)
    const sink = await sinkTo([server!])
    await sink.write([plainEventsFrom(0, 0)], NEVER)
    expect(server!.connections).toBe(0)
  })
})

test('the status tells of each endpoint', async () => {
  const [near, far] = await serversOf(2)
  const sink = await sinkTo([near!, far!], { maxInFlight: 500 })
  for (let i = 0; i < 4; i++) await sink.write([eventsFrom(i, 1)], NEVER)
  expect(sink.status()).toMatchObject({
    maxInFlight: 500,
    endpoints: [{ address: near!.address }, { address: far!.address, live: true, failures: 0 }],
  })
})
