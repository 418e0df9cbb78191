import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { DeflateStream } from '../../agent/rpc/avro/deflate-stream.ts'
import { appendBatchFrame } from '../../agent/rpc/avro/request.ts'
import { batchFrom } from '../avro/batches.ts'
import { AvroBench } from '../avro/bench.ts'
import { HELLO } from '../avro/client.ts'
import { mutate, mutation } from '../avro/mutations.ts'
import { turns } from '../sim/clock.ts'

/** More for a longer search: FUZZ_RUNS=20000. A failure prints its seed and the smallest case. */
const RUNS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 400) / 4)

const KIB = 1024
const IN_FLIGHT_MAX = 64 * KIB
const CONFIG = { maxFrameSize: '16Ki', maxInFlightSize: '64Ki', maxBatchEvents: 100 }
const EVENT = [{ headers: { k: 'v' }, body: 'hello' }]

const request = appendBatchFrame(batchFrom(EVENT), { serial: 1, handshake: HELLO })
const later = appendBatchFrame(batchFrom([...EVENT, ...EVENT]), { serial: 2 })

let bench: AvroBench

afterEach(() => bench.source.stop())

/** The source is as it was before, and another client is served as ever. */
async function expectUnharmed(wrap?: Parameters<AvroBench['connect']>[0]): Promise<void> {
  while (bench.status()['connections'] !== 0) await turns()
  expect(bench.status()).toMatchObject({ requestsInFlight: 0, bytesInFlight: 0 })
  expect(bench.failures).toEqual([])
  const client = await bench.connect(wrap)
  expect(await client.send(EVENT)).toBe('OK')
  client.destroy()
  await client.closed
}

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc
    .array(mutation, { minLength: 1, maxLength: 3 })
    .map((changes) =>
      changes.reduce<Buffer>(
        (bytes, each) => mutate(bytes, each),
        Buffer.concat([request, later, later]),
      ),
    ),
)

describe('a source that is sent anything', () => {
  beforeEach(async () => {
    bench = await AvroBench.start(CONFIG)
  })

  test('closes who sends it, holds no more than its bound, and serves others', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, fc.boolean(), async (bytes, abrupt) => {
        const client = await bench.connect()
        client.write(Buffer.from(bytes))
        await turns(3)
        expect(bench.status()['bytesInFlight']).toBeLessThan(IN_FLIGHT_MAX + 32 * KIB)
        if (abrupt) client.destroy()
        else client.stream.end()
        await client.closed
      }),
      { numRuns: RUNS },
    )
    await expectUnharmed()
  })
})

describe('a source with compression that is sent anything', () => {
  const deflated = (socket: ConstructorParameters<typeof DeflateStream>[0]) =>
    new DeflateStream(socket, { level: 6 })

  beforeEach(async () => {
    bench = await AvroBench.start({ ...CONFIG, compression: 'deflate' })
  })

  test('inside of deflate, and instead of it', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, fc.boolean(), async (bytes, compressed) => {
        const client = await bench.connect(compressed ? deflated : undefined)
        client.write(Buffer.from(bytes))
        client.stream.end()
        await client.closed
      }),
      { numRuns: RUNS },
    )
    await expectUnharmed(deflated)
  })

  test('a bomb: a message of 64 MiB in 64 KiB is given up at the bound of a message', async () => {
    const client = await bench.connect(deflated)
    const frame = Buffer.alloc(64 * 2 ** 20)
    frame.writeInt32BE(1, 4)
    frame.writeInt32BE(frame.length - 12, 8)
    client.write(frame)
    await client.closed
    expect(bench.logged[0]!.error).toMatchObject({ code: 'FLM6102' })
    await expectUnharmed(deflated)
  })
})
