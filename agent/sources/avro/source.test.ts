import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { eventsOf } from '../../../test/avro/batches.ts'
import type { PlainEvent } from '../../../test/avro/batches.ts'
import { AvroBench } from '../../../test/avro/bench.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { avscClient } from '../../../test/avro/peer.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'

const events = (...bodies: string[]): PlainEvent[] =>
  bodies.map((body) => ({ headers: { k: 'v' }, body }))

/** Looks at every turn of the event loop; a condition that never holds runs into the test's time-out. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns()
}

describe('avro source', () => {
  test('answers a Flume byte by byte', async () => {
    await using bench = await AvroBench.start()
    const client = await bench.connect()
    const chunks: Buffer[] = []
    client.stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    client.write(Buffer.from(GOLDEN.firstAppend, 'hex'))
    await until(() => client.answered.length === 1)
    client.write(Buffer.from(GOLDEN.laterAppend, 'hex'))
    await until(() => client.answered.length === 2)
    expect(Buffer.concat(chunks).toString('hex')).toBe(GOLDEN.firstOk + GOLDEN.ok)
    expect(bench.intake.events()).toEqual([
      [{ k: 'v' }, 'hi'],
      [{ k: 'v' }, 'hi'],
    ])
  })

  test('serves the client of another implementation', async () => {
    await using bench = await AvroBench.start()
    await using client = avscClient(bench.port)
    expect(await client.append({ headers: { a: 'ü' }, body: 'one' })).toBe('OK')
    const two = [
      { headers: { a: '1', b: '2' }, body: 'two' },
      { headers: {}, body: '' },
    ]
    expect(await client.appendBatch(two)).toBe('OK')
    expect(bench.intake.events()).toEqual([
      [{ a: 'ü' }, 'one'],
      [{ a: '1', b: '2' }, 'two'],
      [{}, ''],
    ])
  })

  test('answers when events are safe, whatever the order of the requests', async () => {
    await using bench = await AvroBench.start()
    const client = await bench.connect()
    expect(await client.send([])).toBe('OK')
    bench.intake.isDurable = false
    const answers = [client.send(events('a')), client.send(events('b')), client.send(events('c'))]
    await bench.intake.emissions(3)
    expect(bench.status()).toMatchObject({ requestsInFlight: 3 })
    for (const i of [2, 0, 1]) {
      bench.intake.makeSafe(i)
      expect(await answers[i]).toBe('OK')
    }
    expect(client.answered).toEqual([1, 4, 2, 3])
    expect(bench.status()).toMatchObject({ requestsInFlight: 0, bytesInFlight: 0, requestsOk: 4 })
  })

  test('answers when events are in the channels, with OnAccept', async () => {
    await using bench = await AvroBench.start({ acknowledge: 'OnAccept' })
    bench.intake.isDurable = false
    expect(await (await bench.connect()).send(events('a'))).toBe('OK')
  })

  test('the answer with the handshake is the first, even if others are ready before it', async () => {
    await using bench = await AvroBench.start()
    bench.intake.isDurable = false
    const client = await bench.connect()
    const first = client.send(events('a'))
    const second = client.send(events('b'))
    await bench.intake.emissions(2)
    bench.intake.makeSafe(1)
    await until(() => bench.status()['requestsInFlight'] === 1)
    bench.intake.makeSafe(0)
    expect(await Promise.all([first, second])).toEqual(['OK', 'OK'])
    expect(client.answered).toEqual([1, 2])
    expect(client.handshake).toMatchObject({ match: 'BOTH' })
  })

  test('answers FAILED when there was no room in time, and takes nothing', async () => {
    const clock = new ManualClock()
    await using bench = await AvroBench.start({ roomTimeout: '3s' }, clock)
    bench.intake.hasRoom = false
    const answer = (await bench.connect()).send(events('a'))
    await bench.intake.emissions(1)
    clock.advance(2999)
    expect(bench.status()).toMatchObject({ requestsInFlight: 1 })
    clock.advance(51)
    expect(await answer).toBe('FAILED')
    expect(bench.intake.taken).toEqual([])
    expect(bench.status()).toMatchObject({ requestsFailed: 1 })
  })

  test('keeps the origin of the events of another agent, a batch for each of its ranges', async () => {
    await using bench = await AvroBench.start()
    const metadata = new Map([
      ['flume.stream', Buffer.from('c/1')],
      ['flume.ranges', Buffer.from('7-8,10-10')],
      ['flume.floor', Buffer.from('5')],
    ])
    const client = await bench.connect()
    expect(await client.send(events('a', 'b', 'c'), metadata)).toBe('OK')
    const [first, second] = bench.intake.taken
    expect(eventsOf(first!).map(({ body }) => body)).toEqual(['a', 'b'])
    const common = { stream: 'c/1', floor: 5, memo: '', routing: '' }
    expect(first!.origin).toEqual({ ...common, from: 7, to: 9, offsets: Float64Array.of(8, 9) })
    expect(second!.origin).toEqual({ ...common, from: 10, to: 11, offsets: Float64Array.of(11) })
  })

  test('reads no further than its bound on what is in flight, and goes on when there is room', async () => {
    const KIB = 1024
    const bound = { maxFrameSize: '64Ki', maxInFlightSize: '256Ki' }
    await using bench = await AvroBench.start(bound)
    bench.intake.isDurable = false
    const client = await bench.connect()
    const body = 'x'.repeat(30 * KIB)
    const answers = Array.from({ length: 200 }, () => client.send(events(body)))
    await until(() => (bench.status()['bytesInFlight'] as number) >= 256 * KIB)
    await turns(20)
    expect(bench.status()['bytesInFlight']).toBeLessThan((256 + 2 * 64) * KIB)
    expect(bench.intake.emitted.length).toBeLessThan(10)
    const other = await bench.connect()
    const otherAnswer = other.send(events('also waits'))
    for (let i = 0; i < 201; i++) {
      await bench.intake.emissions(i + 1)
      bench.intake.makeSafe(i)
    }
    expect(new Set(await Promise.all([...answers, otherAnswer]))).toEqual(new Set(['OK']))
  })

  test('a stop takes back what waits, answers what is in, takes nothing more and closes', async () => {
    const bench = await AvroBench.start()
    const client = await bench.connect()
    await client.send([])
    bench.intake.isDurable = false
    const stored = client.send(events('stored'))
    await bench.intake.emissions(1)
    bench.intake.hasRoom = false
    const waiting = client.send(events('waiting'))
    await bench.intake.emissions(2)
    const stopping = bench.source.stop()
    expect(await waiting).toBe('FAILED')
    const late = client.send(events('late'))
    bench.intake.makeSafe(0)
    expect(await stored).toBe('OK')
    await stopping
    await expect(late).rejects.toThrow('closed')
    expect(bench.intake.emitted).toHaveLength(2)
    await expect(bench.connect()).rejects.toThrow('ECONNREFUSED')
  })

  test('a stop does not wait for ever for what does not become safe', async () => {
    const clock = new ManualClock()
    const bench = await AvroBench.start({}, clock)
    bench.intake.isDurable = false
    const client = await bench.connect()
    const answer = client.send(events('a'))
    await bench.intake.emissions(1)
    const stopping = bench.source.stop()
    await turns()
    clock.advance(2000)
    await stopping
    await expect(answer).rejects.toThrow('closed')
  })

  test('stops before and without a start, and twice', async () => {
    const bench = new AvroBench()
    await bench.source.stop()
    await bench.source.stop()
    const started = await AvroBench.start()
    await Promise.all([started.source.stop(), started.source.stop()])
  })

  test('a port that is in use is an error with a cure', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(AvroBench.start({ port })).rejects.toMatchObject({
      code: 'FLM3201',
      retryable: true,
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    })
    other.close()
  })
})
