import { expect, test } from 'vitest'
import { AvroBench } from '../../../test/avro/bench.ts'
import type { AvroClient } from '../../../test/avro/client.ts'
import { HELLO } from '../../../test/avro/client.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { appendBatchFrame, pingFrame } from '../../rpc/avro/request.ts'
import { batchFrom } from '../../../test/avro/batches.ts'

const EVENTS = Array.from({ length: 3 }, (_, i) => ({ headers: { k: 'v' }, body: `event ${i}` }))

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns()
}

test('requests that arrive byte by byte', async () => {
  await using bench = await AvroBench.start()
  const client = await bench.connect()
  const bytes = Buffer.concat([
    pingFrame({ serial: 0, handshake: HELLO }),
    appendBatchFrame(batchFrom(EVENTS), { serial: 7 }),
  ])
  const answer = client.answerOf(7)
  for (const byte of bytes) {
    client.write(Buffer.from([byte]))
    await turns()
  }
  expect(await answer).toBe('OK')
  expect(bench.intake.events().map(([, body]) => body)).toEqual(EVENTS.map(({ body }) => body))
})

test('a thousand requests in one piece are all answered', async () => {
  await using bench = await AvroBench.start()
  const client = await bench.connect()
  await client.send([])
  const frames = Array.from({ length: 1000 }, (_, i) =>
    appendBatchFrame(batchFrom(EVENTS), { serial: 100 + i }),
  )
  const answers = frames.map((_, i) => client.answerOf(100 + i))
  client.write(Buffer.concat(frames))
  expect(new Set(await Promise.all(answers))).toEqual(new Set(['OK']))
  expect(bench.intake.taken).toHaveLength(1000)
})

/** Sends requests and reads no answers until nothing more is taken; resolves to how many were sent. */
async function fill(bench: AvroBench, client: AvroClient): Promise<number> {
  await client.send([])
  client.stream.pause()
  // Each is answered with a long text, which fills the buffers of the system first.
  const wrong = new Map([['flume.stream', Buffer.from('x')]])
  const frame = appendBatchFrame(batchFrom(EVENTS), { serial: 1, metadata: wrong })
  const frames = Buffer.concat(Array.from({ length: 100 }, () => frame))
  let sent = 0
  for (let stalled = 0; stalled < 300; stalled++) {
    if (!client.stream.writableNeedDrain) {
      stalled = 0
      client.write(frames)
      sent += 100
    }
    await turns()
  }
  expect(bench.status()['requestsWrong']).toBeLessThan(sent)
  return sent
}

test('a client that does not read its answers is not read from until it does', async () => {
  await using bench = await AvroBench.start()
  const client = await bench.connect()
  const sent = await fill(bench, client)
  client.stream.resume()
  await until(() => bench.status()['requestsWrong'] === sent)
})

test('a client that does not read its answers for long is given up', async () => {
  const clock = new ManualClock()
  await using bench = await AvroBench.start({ requestTimeout: '10s' }, clock)
  const client = await bench.connect()
  await fill(bench, client)
  clock.advance(9_000)
  expect(bench.status()).toMatchObject({ connections: 1 })
  // The system may have taken a little more of the answers meanwhile.
  await until(() => {
    clock.advance(2_000)
    return bench.status()['connections'] === 0
  })
})

test('the time a message may take does not run while nothing is read', async () => {
  const clock = new ManualClock()
  const small = { maxFrameSize: '8Ki', maxInFlightSize: '8Ki', requestTimeout: '10s' }
  await using bench = await AvroBench.start(small, clock)
  bench.intake.isDurable = false
  const client = await bench.connect()
  const events = [{ headers: {}, body: 'x'.repeat(7000) }]
  const first = client.send(events)
  const second = client.send(events)
  await bench.intake.emissions(1)
  await until(() => (bench.status()['bytesInFlight'] as number) > 8192 + 1024)
  clock.advance(60_000)
  await turns(5)
  bench.intake.makeSafe(0)
  await bench.intake.emissions(2)
  bench.intake.makeSafe(1)
  expect(await Promise.all([first, second])).toEqual(['OK', 'OK'])
})

test('a message above the bound ends the connection, after the answers to those before it', async () => {
  await using bench = await AvroBench.start({ maxFrameSize: '4Ki' })
  bench.intake.isDurable = false
  const client = await bench.connect()
  const good = client.send(EVENTS)
  const large = client.send([{ headers: {}, body: 'x'.repeat(5000) }])
  await bench.intake.emissions(1)
  await until(() => bench.status()['connectionsBad'] === 1)
  bench.intake.makeSafe(0)
  expect(await good).toBe('OK')
  await expect(large).rejects.toThrow('closed')
  expect(bench.logged[0]!.error).toMatchObject({
    code: 'FLM6102',
    message: expect.stringContaining('maxFrameSize') as string,
  })
})
