import { createServer } from 'node:net'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { describe, expect, it } from 'vitest'
import { EVENT, HttpBench, head } from '../../../test/http/bench.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { FlumeError } from '../../core/errors.ts'

const POST = `${head(EVENT.length)}${EVENT}`
const LAST_POST = `${head(EVENT.length, 'Connection: close')}${EVENT}`

/** Looks at every turn of the event loop; a condition that never holds runs into the test's time-out. */
async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns()
}

describe('http source', () => {
  it('answers 200 only when the events are safe', async () => {
    await using bench = await HttpBench.start()
    bench.intake.isDurable = false
    let answered = false
    const reply = bench.send(EVENT).finally(() => (answered = true))
    await bench.intake.emissions(1)
    // Another request is answered meanwhile: there was time to answer the first.
    expect((await bench.send('[]')).status).toBe(200)
    expect(answered).toBe(false)
    expect(bench.status()).toMatchObject({ requestsInFlight: 1, bytesInFlight: 0 })
    bench.intake.makeSafe(0)
    expect(await reply).toMatchObject({ status: 200, text: '' })
    expect(bench.status()).toMatchObject({ answers: { 200: 2 } })
  })

  it('answers 200 when the events are accepted, with OnAccept', async () => {
    await using bench = await HttpBench.start({ acknowledge: 'OnAccept' })
    bench.intake.isDurable = false
    expect((await bench.send(EVENT)).status).toBe(200)
  })

  it('says in its status why it last refused a request', async () => {
    await using bench = await HttpBench.start()
    await bench.send('{}')
    expect(bench.status()).toMatchObject({
      answers: { 400: 1 },
      lastRefused: {
        status: 400,
        from: '127.0.0.1',
        reason: expect.stringContaining('[ ]') as string,
      },
    })
  })

  it('serves requests of one connection one after the other, and answers them in order', async () => {
    await using bench = await HttpBench.start()
    bench.intake.isDurable = false
    const connection = bench.connect()
    connection.write(`${POST}${head(1)}x${LAST_POST}`)
    await bench.intake.emissions(2)
    bench.intake.makeSafe(1)
    bench.intake.makeSafe(0)
    const statuses = (await connection.closed).match(/(?<=HTTP\/1.1 )\d+/g)
    expect(statuses).toEqual(['200', '400', '200'])
  })

  it('cuts off a client that sends many requests ahead', async () => {
    await using bench = await HttpBench.start()
    bench.intake.isDurable = false
    const connection = bench.connect()
    connection.write(POST.repeat(100))
    expect(await connection.closed).toBe('')
    expect(bench.intake.emitted.length).toBeLessThanOrEqual(16)
  })

  it('takes requests on one connection for as long as the client likes', async () => {
    await using bench = await HttpBench.start()
    const connection = bench.connect()
    for (let i = 1; i <= 40; i++) {
      connection.write(POST)
      await until(() => bench.status()['requestsInFlight'] === 0 && bench.intake.taken.length === i)
    }
    expect(bench.intake.taken).toHaveLength(40)
    connection.socket.destroy()
  })

  it('holds at most so many bytes of bodies', async () => {
    await using bench = await HttpBench.start({ maxBodySize: 2048, maxBodiesSize: 4096 })
    bench.intake.hasRoom = false
    const body = JSON.stringify([{ body: 'x'.repeat(1500) }])
    const waiting = [bench.send(body), bench.send(body)]
    await bench.intake.emissions(2)
    expect(await bench.send(body)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } })
    bench.intake.accept(0)
    bench.intake.accept(1)
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200])
    expect(bench.status()).toMatchObject({ bytesInFlight: 0 })
  })

  it('answers 500 to what went wrong inside, and goes on', async () => {
    await using bench = await HttpBench.start()
    bench.intake.refusal = new FlumeError('FLM9001', 'x is undefined', { retryable: false })
    expect(await bench.send(EVENT)).toMatchObject({
      status: 500,
      text: 'the request failed inside the agent; its log says why\n',
    })
    expect(bench.errors).toHaveLength(1)
    bench.intake.refusal = undefined
    expect((await bench.send(EVENT)).status).toBe(200)
  })

  it('reports an address that it cannot listen at, and starts at it later', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const bench = new HttpBench({ port })
    await expect(bench.source.start(bench.context())).rejects.toMatchObject({ code: 'FLM3201' })
    await bench.source.stop()
    await new Promise((resolve) => other.close(resolve))
    await using again = await HttpBench.start({ port })
    expect((await again.send(EVENT)).status).toBe(200)
  })
})

describe('clients that go', () => {
  it('leaves nothing behind of one that goes in the middle of a body', async () => {
    await using bench = await HttpBench.start()
    const connection = bench.connect()
    connection.write(`${head(100)}[{"body":`)
    await until(() => (bench.status()['bytesInFlight'] as number) > 0)
    connection.socket.destroy()
    await until(() => bench.status()['requestsInFlight'] === 0)
    expect(bench.status()).toMatchObject({ bytesInFlight: 0, answers: {} })
    expect((await bench.send(EVENT)).status).toBe(200)
  })

  it('takes back the events of one that goes while they wait for room', async () => {
    await using bench = await HttpBench.start({ roomTimeout: '5m' })
    bench.intake.hasRoom = false
    const connection = bench.connect()
    connection.write(POST)
    await bench.intake.emissions(1)
    connection.socket.destroy()
    await until(() => bench.status()['requestsInFlight'] === 0)
    expect(bench.intake.taken).toEqual([])
    expect(bench.status()).toMatchObject({ bytesInFlight: 0, connections: 0 })
  })

  it('is not harmed by one that goes before its events are safe', async () => {
    await using bench = await HttpBench.start()
    bench.intake.isDurable = false
    const connection = bench.connect()
    connection.write(POST)
    await bench.intake.emissions(1)
    connection.socket.resetAndDestroy()
    await until(() => bench.status()['connections'] === 0)
    bench.intake.makeSafe(0)
    await until(() => bench.status()['requestsInFlight'] === 0)
    expect(bench.errors).toEqual([])
  })
})

describe('slow clients', () => {
  const QUICK = { headersTimeout: '100ms', requestTimeout: '200ms' }

  it.each([
    ['sends nothing', ''],
    ['stops in the head', 'POST / HTTP/1.1\r\nHost: h\r\nX-A'],
    ['stops in the body', `${head(100)}[`],
  ])('cuts off one that %s', async (_, bytes) => {
    await using bench = await HttpBench.start(QUICK)
    const connection = bench.connect()
    connection.write(bytes)
    expect(await connection.closed).toMatch(/^HTTP\/1.1 408 /)
    await until(() => bench.status()['requestsInFlight'] === 0)
    expect(bench.status()).toMatchObject({ bytesInFlight: 0, connections: 0 })
  })

  it('waits longer for events to be safe than for a request to come', async () => {
    await using bench = await HttpBench.start(QUICK)
    bench.intake.isDurable = false
    const waiting = bench.send(EVENT)
    await bench.intake.emissions(1)
    const slow = bench.connect()
    slow.write(`${head(100)}[`)
    expect(await slow.closed).toMatch(/^HTTP\/1.1 408 /)
    bench.intake.makeSafe(0)
    expect((await waiting).status).toBe(200)
  })

  it('closes connections above its bound at once', async () => {
    await using bench = await HttpBench.start({ maxConnections: 2 })
    const [first, second] = [bench.connect(), bench.connect()]
    await until(() => bench.status()['connections'] === 2)
    expect(await bench.connect().closed).toBe('')
    expect(bench.status()).toMatchObject({ connections: 2, connectionsRefused: 1 })
    first.write(LAST_POST)
    expect(await first.closed).toMatch(/^HTTP\/1.1 200 /)
    second.socket.destroy()
  })
})

describe('stopping', () => {
  it('turns away what waits for room and what still comes, and answers what is in the channels', async () => {
    const bench = await HttpBench.start({ roomTimeout: '5m' })
    bench.intake.isDurable = false
    const safe = bench.send(EVENT)
    await bench.intake.emissions(1)
    bench.intake.hasRoom = false
    const waiting = bench.send(EVENT)
    const [half, kept] = [bench.connect(), bench.connect()]
    half.write(`${head(100)}[`)
    kept.write(POST)
    await bench.intake.emissions(3)
    await until(() => bench.status()['requestsInFlight'] === 4)
    const stopped = bench.source.stop()
    expect(bench.source.stop()).toBe(stopped)
    expect(await waiting).toMatchObject({ status: 503, headers: { connection: 'close' } })
    expect(await kept.closed).toMatch(/^HTTP\/1.1 503 [^]*\r\nretry-after: 1\r\n/)
    expect(await half.received(/^HTTP\/1.1 503 [^]*\r\n\r\n.+\n$/)).toMatch(/connection: close/)
    bench.intake.makeSafe(0)
    expect((await safe).status).toBe(200)
    await stopped
    expect(bench.status()).toMatchObject({ requestsInFlight: 0 })
    await expect(bench.send(EVENT)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
    expect(bench.intake.taken).toHaveLength(1)
  })

  it('cuts off clients whose events are not safe in time', async () => {
    const clock = new ManualClock()
    const bench = await HttpBench.start({}, clock)
    bench.intake.isDurable = false
    const connection = bench.connect()
    connection.write(POST)
    await bench.intake.emissions(1)
    const stopped = bench.source.stop()
    clock.advance(3000)
    await stopped
    expect(await connection.closed).toBe('')
  })

  it('does not wait for clients that have nothing open', async () => {
    const bench = await HttpBench.start({}, new ManualClock())
    const connection = bench.connect()
    connection.write(POST)
    await connection.received(/^HTTP\/1.1 200 [^]*\r\n\r\n$/)
    await bench.source.stop()
    expect(await connection.closed).toMatch(/^HTTP\/1.1 200 /)
  })
})
