import { describe, expect, onTestFinished, test } from 'vitest'
import { loader } from '../../agent/catalog.ts'
import type { Batch } from '../../agent/core/batch.ts'
import { clientTlsSchema } from '../../agent/core/tls.ts'
import type { Sink } from '../../agent/core/sink.ts'
import { agentSinkSchema } from '../../agent/sinks/agent/config.ts'
import { CLIENT_FILES, SERVER_FILES } from '../tls/certificates.ts'
import { AvroBench } from './bench.ts'
import { NEVER, eventsFrom, failureOf, settling, sinkContext, until } from './fixture.ts'

/*
 * The sink and the source of the catalog, over real sockets. The pipeline behind the source is in the
 * hands of the test.
 */

async function receiver(config: object = {}): Promise<AvroBench> {
  const bench = await AvroBench.start(config)
  onTestFinished(() => bench[Symbol.asyncDispose]())
  return bench
}

async function senderTo(benches: readonly AvroBench[], config: object = {}): Promise<Sink> {
  const module = await loader.sink('agent')
  const endpoints = benches.map(({ port }) => `localhost:${port}`)
  const sink = module.createSink({
    ...agentSinkSchema.parse({ name: 'hub', ...config }),
    endpoints,
  })
  onTestFinished(() => sink.stop())
  await sink.start(sinkContext())
  return sink
}

function bodiesOf(benches: readonly AvroBench[]): number[] {
  const bodies = benches.flatMap(({ intake }) => intake.events().map(([, body]) => Number(body)))
  return bodies.sort((a, b) => a - b)
}

const first = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const tls = clientTlsSchema.parse(CLIENT_FILES)
const clientCa = CLIENT_FILES.ca

describe('events and their headers arrive', () => {
  test.each([
    ['plain', {}, {}],
    ['deflate', { compression: 'deflate' }, { compression: 'deflate', compressionLevel: 1 }],
    ['TLS', { tls: SERVER_FILES }, { tls: { ca: clientCa } }],
    [
      'TLS with certificates of both sides',
      { tls: { ...SERVER_FILES, clientCa, clientAuth: 'required' } },
      { tls },
    ],
    [
      'TLS and deflate',
      { tls: SERVER_FILES, compression: 'deflate' },
      { tls: { ca: clientCa }, compression: 'deflate' },
    ],
  ])('%s', async (_, source, sink) => {
    const bench = await receiver(source)
    const sender = await senderTo([bench], { ...sink, batchSize: 1000 })
    const batches = [eventsFrom(0, 1500), eventsFrom(1500, 10)]
    await Promise.all([sender.write(batches, NEVER), sender.write([eventsFrom(1510, 3000)], NEVER)])
    expect(bodiesOf([bench])).toEqual(first(4510))
    expect(bench.intake.events()[0]).toEqual([{ host: 'h' }, '0'])
  })
})

test('a receiver is told the stream, the sequences and the floor of what it gets', async () => {
  const bench = await receiver()
  const sender = await senderTo([bench])
  const batch: Batch = { ...eventsFrom(7, 3), ids: { stream: 'c1/e1', first: 7, floor: 5 } }
  await sender.write([batch, eventsFrom(20, 1, 'c1/e1')], NEVER)
  expect(bench.intake.taken.map(({ origin }) => origin)).toMatchObject([
    { stream: 'c1/e1', from: 7, to: 10, floor: 5, offsets: Float64Array.of(8, 9, 10) },
    { stream: 'c1/e1', from: 20, to: 21, floor: 5 },
  ])
})

test('a receiver without room answers FAILED; the events go to another, else the write fails', async () => {
  const full = await receiver({ roomTimeout: '0s' })
  const roomy = await receiver()
  full.intake.hasRoom = false
  const both = await senderTo([full, roomy])
  for (let i = 0; i < 4; i++) await both.write([eventsFrom(i, 1)], NEVER)
  expect(bodiesOf([roomy])).toEqual(first(4))
  const alone = await senderTo([full])
  expect(await failureOf(alone.write([eventsFrom(0, 1)], NEVER))).toMatchObject({
    code: 'FLM4304',
    outcome: 'unknown',
    retryable: true,
  })
})

test('a receiver that is stopped under load loses nothing: the other gets the rest', async () => {
  const benches = [await receiver(), await receiver()] as const
  const sender = await senderTo(benches, { batchSize: 10 })
  await sender.write([eventsFrom(0, 10)], NEVER)
  const writes = Array.from({ length: 8 }, (_, i) =>
    sender.write([eventsFrom(10 + i * 100, 100)], NEVER),
  )
  await until(() => benches[0].intake.taken.length > 2)
  await benches[0].source.stop()
  await Promise.all(writes)
  expect([...new Set(bodiesOf(benches))]).toEqual(first(810))
})

test('a write that waits for a receiver is not answered before its events are safe', async () => {
  const bench = await receiver()
  const sender = await senderTo([bench])
  await sender.write([eventsFrom(0, 1)], NEVER)
  bench.intake.isDurable = false
  const write = sender.write([eventsFrom(1, 1)], NEVER)
  const done = settling(write)
  await bench.intake.emissions(2)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  expect(done()).toBe(false)
  bench.intake.makeSafe(1)
  await write
})
