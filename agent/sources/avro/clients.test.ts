import { connect } from 'node:net'
import { once } from 'node:events'
import { describe, expect, test } from 'vitest'
import { AvroBench } from '../../../test/avro/bench.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'

const EVENT = [{ headers: {}, body: 'x' }]

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns()
}

describe('clients that do what they should not', () => {
  test('one that sends garbage is closed, counted and logged once; others go on', async () => {
    await using bench = await AvroBench.start()
    const good = await bench.connect()
    expect(await good.send(EVENT)).toBe('OK')
    const bad = await bench.connect()
    bad.write(Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)))
    await bad.closed
    expect(await good.send(EVENT)).toBe('OK')
    expect(bench.status()).toMatchObject({ connectionsBad: 1, requestsOk: 2 })
    expect(bench.logged).toHaveLength(1)
    expect(bench.logged[0]).toMatchObject({
      client: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
      message: 'closing the connection of a client',
    })
  })

  test('one that only connects and leaves has done nothing wrong', async () => {
    await using bench = await AvroBench.start()
    const client = await bench.connect()
    await until(() => bench.status()['connections'] === 1)
    client.destroy()
    await until(() => bench.status()['connections'] === 0)
    expect(bench.logged).toEqual([])
  })

  test('more than the bound are closed at once', async () => {
    await using bench = await AvroBench.start({ maxConnections: 1 })
    const first = await bench.connect()
    expect(await first.send(EVENT)).toBe('OK')
    const second = connect(bench.port, '127.0.0.1')
    second.on('error', () => {})
    await once(second, 'close')
    expect(bench.status()).toMatchObject({ connections: 1, connectionsRefused: 1 })
    first.destroy()
    await until(() => bench.status()['connections'] === 0)
    expect(await (await bench.connect()).send(EVENT)).toBe('OK')
  })

  test('one that is not allowed is closed before anything is read', async () => {
    const ipFilter = [
      { action: 'allow', ip: '10.0.0.0/8' },
      { action: 'deny', ip: '127.*' },
    ]
    await using bench = await AvroBench.start({ ipFilter })
    const client = await bench.connect()
    await expect(client.send(EVENT)).rejects.toThrow('closed')
    expect(bench.status()).toMatchObject({ connectionsRefused: 1 })
    expect(bench.intake.emitted).toEqual([])
  })

  test('one that is allowed by name is served', async () => {
    const ipFilter = [
      { action: 'allow', name: 'localhost' },
      { action: 'deny', ip: '*' },
    ]
    await using bench = await AvroBench.start({ ipFilter })
    expect(await (await bench.connect()).send(EVENT)).toBe('OK')
  })
})

describe('clients that take their time', () => {
  test('a message that does not arrive in time ends the connection', async () => {
    const clock = new ManualClock()
    await using bench = await AvroBench.start({ requestTimeout: '10s' }, clock)
    const client = await bench.connect()
    client.write(Buffer.from([0, 0, 0, 1]))
    await until(() => (bench.status()['bytesInFlight'] as number) >= 0 && clock.pending > 0)
    await turns(20)
    clock.advance(9_000)
    expect(bench.status()).toMatchObject({ connections: 1 })
    clock.advance(2_000)
    await client.closed
  })

  test('one that says nothing stays, unless there is an idleTimeout', async () => {
    const clock = new ManualClock()
    await using bench = await AvroBench.start({}, clock)
    const patient = await bench.connect()
    expect(await patient.send(EVENT)).toBe('OK')
    clock.advance(86_400_000)
    expect(await patient.send(EVENT)).toBe('OK')
    await using other = await AvroBench.start({ idleTimeout: '1m' }, clock)
    const idle = await other.connect()
    expect(await idle.send(EVENT)).toBe('OK')
    clock.advance(59_000)
    expect(await idle.send(EVENT)).toBe('OK')
    clock.advance(61_000)
    await idle.closed
  })

  test('an idleTimeout does not end the wait for an answer', async () => {
    const clock = new ManualClock()
    await using bench = await AvroBench.start({ idleTimeout: '1m' }, clock)
    bench.intake.isDurable = false
    const client = await bench.connect()
    const answer = client.send(EVENT)
    await bench.intake.emissions(1)
    clock.advance(120_000)
    bench.intake.makeSafe(0)
    expect(await answer).toBe('OK')
  })
})
