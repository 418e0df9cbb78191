import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { connect as connectTls } from 'node:tls'
import type { ConnectionOptions } from 'node:tls'
import { describe, expect, test } from 'vitest'
import type { PlainEvent } from '../../../test/avro/batches.ts'
import { AvroBench } from '../../../test/avro/bench.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { SERVER_FILES, certificatePath } from '../../../test/tls/certificates.ts'
import { DeflateStream } from '../../rpc/avro/deflate-stream.ts'

const EVENTS: PlainEvent[] = Array.from({ length: 50 }, (_, i) => ({
  headers: { k: 'v' },
  body: `event ${i} ${'x'.repeat(2000)}`,
}))

const read = (name: string): Buffer => readFileSync(certificatePath(name))
const CLIENT = {
  cert: read('client.pem'),
  key: read('client.key.pem'),
  passphrase: read('client.pass.txt').toString().trim(),
}
const STRANGER = { cert: read('stranger.pem'), key: read('stranger.key.pem') }

const deflated = (socket: Socket): DeflateStream => new DeflateStream(socket, { level: 6 })

async function secured(socket: Duplex, options: ConnectionOptions = {}): Promise<Duplex> {
  const ca = read('ca.pem')
  const secure = connectTls({ socket, ca, servername: 'localhost', ...options })
  await once(secure, 'secureConnect')
  return secure
}

async function sendsBothWays(bench: AvroBench, wrap: (socket: Socket) => Duplex | Promise<Duplex>) {
  const client = await bench.connect(wrap)
  expect(await Promise.all([client.send(EVENTS), client.send(EVENTS)])).toEqual(['OK', 'OK'])
  const bodies = bench.intake.events().map(([, body]) => body)
  expect(bodies).toEqual([...EVENTS, ...EVENTS].map(({ body }) => body))
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns()
}

describe('a connection', () => {
  test('with compression', async () => {
    await using bench = await AvroBench.start({ compression: 'deflate' })
    await sendsBothWays(bench, deflated)
  })

  test('with TLS', async () => {
    await using bench = await AvroBench.start({ tls: SERVER_FILES })
    await sendsBothWays(bench, (socket) => secured(socket))
  })

  test('with both: what is encrypted is compressed, as in Flume 1.10 and later', async () => {
    await using bench = await AvroBench.start({ tls: SERVER_FILES, compression: 'deflate' })
    await sendsBothWays(bench, (socket) => secured(deflated(socket)))
  })

  test('with compression on one side only is closed, whichever side', async () => {
    await using bench = await AvroBench.start({ compression: 'deflate' })
    const plain = await bench.connect()
    await expect(plain.send(EVENTS)).rejects.toThrow('closed')
    await until(() => bench.status()['connectionsBad'] === 1)
    await using other = await AvroBench.start()
    const compressing = await other.connect(deflated)
    await expect(compressing.send(EVENTS)).rejects.toThrow('closed')
    expect(other.status()).toMatchObject({ connectionsBad: 1 })
    const codes = [...bench.logged, ...other.logged].map(({ error }) => error?.code)
    expect(codes).toEqual(['FLM6101', 'FLM6101'])
  })

  test('without TLS where it is due is closed, and logged once', async () => {
    await using bench = await AvroBench.start({ tls: SERVER_FILES })
    const plain = await bench.connect()
    await expect(plain.send(EVENTS)).rejects.toThrow('closed')
    await until(() => bench.status()['connectionsBad'] === 1)
    expect(bench.logged).toHaveLength(1)
    expect(bench.logged[0]!.client).toMatch(/^127\.0\.0\.1:\d+$/)
  })

  test('that does not agree on TLS in time is closed', async () => {
    const clock = new ManualClock()
    await using bench = await AvroBench.start({ tls: SERVER_FILES, requestTimeout: '10s' }, clock)
    const client = await bench.connect()
    await until(() => clock.pending === 2)
    clock.advance(10_000)
    await client.closed
    // It has said nothing: as a health check does.
    expect(bench.logged).toEqual([])
  })
})

describe('clients with certificates', () => {
  const requiring = (clientAuth: string) => ({
    tls: { ...SERVER_FILES, clientCa: certificatePath('ca.pem'), clientAuth },
  })

  /** A client that is refused hears of it while TLS is agreed on, or when it sends. */
  async function outcome(clientAuth: string, options: ConnectionOptions): Promise<unknown> {
    await using bench = await AvroBench.start(requiring(clientAuth))
    const answer = await sends(bench, options).catch(() => 'closed')
    if (answer === 'closed') expect(bench.intake.emitted).toEqual([])
    return answer
  }

  async function sends(bench: AvroBench, options: ConnectionOptions): Promise<unknown> {
    const client = await bench.connect((socket) => secured(socket, options))
    return client.send(EVENTS)
  }

  test('required: one of the authority is served', async () => {
    expect(await outcome('required', CLIENT)).toBe('OK')
  })

  test('required: none, and one of a stranger, are closed', async () => {
    expect(await outcome('required', {})).toBe('closed')
    expect(await outcome('required', STRANGER)).toBe('closed')
  })

  test('optional: none is served, one of a stranger is closed', async () => {
    expect(await outcome('optional', {})).toBe('OK')
    expect(await outcome('optional', CLIENT)).toBe('OK')
    expect(await outcome('optional', STRANGER)).toBe('closed')
  })

  test('also below compression', async () => {
    await using bench = await AvroBench.start({ ...requiring('required'), compression: 'deflate' })
    const stranger = await bench.connect((socket) => secured(deflated(socket), STRANGER))
    await expect(stranger.send(EVENTS)).rejects.toThrow('closed')
    await sendsBothWays(bench, (socket) => secured(deflated(socket), CLIENT))
  })

  test('with TLS 1.2, where the certificate is shown before the server is done', async () => {
    const options = { maxVersion: 'TLSv1.2' as const }
    expect(await outcome('required', { ...CLIENT, ...options })).toBe('OK')
    expect(await outcome('required', { ...STRANGER, ...options })).toBe('closed')
  })
})

test('files of TLS that cannot be used are an error of the start', async () => {
  const tls = { ...SERVER_FILES, key: certificatePath('renewed.key.pem') }
  await expect(AvroBench.start({ tls })).rejects.toMatchObject({ code: 'FLM6201' })
})
