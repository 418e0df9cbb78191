import { once } from 'node:events'
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { request } from 'node:https'
import type { RequestOptions } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import type { TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import { EVENT, HttpBench } from '../../../test/http/bench.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import {
  CLIENT_FILES,
  SERVER_FILES,
  STRANGER_FILES,
  certificatePath,
} from '../../../test/tls/certificates.ts'

async function send(bench: HttpBench, options: RequestOptions = {}): Promise<number | undefined> {
  const ca = await readFile(CLIENT_FILES.ca)
  const { port } = bench
  const sent = request({ host: '127.0.0.1', port, method: 'POST', agent: false, ca, ...options })
  sent.end(EVENT)
  const [response] = (await once(sent, 'response')) as [{ statusCode?: number; resume(): void }]
  response.resume()
  return response.statusCode
}

const clientCertificate = async (): Promise<RequestOptions> => ({
  cert: await readFile(CLIENT_FILES.certificate),
  key: await readFile(CLIENT_FILES.key),
  passphrase: (await readFile(CLIENT_FILES.passphraseFile, 'utf8')).trim(),
})

const strangeCertificate = async (): Promise<RequestOptions> => ({
  cert: await readFile(STRANGER_FILES.certificate),
  key: await readFile(STRANGER_FILES.key),
})

it('takes events by HTTPS and refuses plain connections', async () => {
  await using bench = await HttpBench.start({ tls: SERVER_FILES })
  expect(await send(bench)).toBe(200)
  expect(bench.intake.events()).toEqual([[{ a: 'b' }, 'x']])
  const plain = bench.connect()
  plain.write('POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n[]')
  expect(await plain.closed).not.toContain('HTTP')
  expect(await send(bench)).toBe(200)
})

it('refuses old versions of the protocol', async () => {
  await using bench = await HttpBench.start({ tls: { ...SERVER_FILES, minVersion: 'TLSv1.3' } })
  await expect(send(bench, { maxVersion: 'TLSv1.2' })).rejects.toThrow(/alert/)
  expect(await send(bench)).toBe(200)
})

it('asks for certificates of clients', async () => {
  const tls = { ...SERVER_FILES, clientCa: CLIENT_FILES.ca, clientAuth: 'required' }
  await using bench = await HttpBench.start({ tls })
  expect(await send(bench, await clientCertificate())).toBe(200)
  await expect(send(bench)).rejects.toThrow()
  await expect(send(bench, await strangeCertificate())).rejects.toThrow()
  expect(bench.intake.taken).toHaveLength(1)
})

it('lets clients choose whether to show a certificate, but not which', async () => {
  const tls = { ...SERVER_FILES, clientCa: CLIENT_FILES.ca, clientAuth: 'optional' }
  await using bench = await HttpBench.start({ tls })
  expect(await send(bench, await clientCertificate())).toBe(200)
  expect(await send(bench)).toBe(200)
  await expect(send(bench, await strangeCertificate())).rejects.toThrow()
  expect(bench.intake.taken).toHaveLength(2)
})

it('cuts off a client that does not finish the handshake', async () => {
  const times = { headersTimeout: '100ms', requestTimeout: '100ms' }
  await using bench = await HttpBench.start({ tls: SERVER_FILES, ...times })
  expect(await bench.connect().closed).toBe('')
})

it('stops at once although a handshake is not finished', async () => {
  const bench = await HttpBench.start({ tls: SERVER_FILES }, new ManualClock())
  const connection = bench.connect()
  await once(connection.socket, 'connect')
  while (bench.status()['connections'] === 0) await new Promise(setImmediate)
  await bench.source.stop()
  expect(await connection.closed).toBe('')
})

it('uses renewed certificates without a restart', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'http-tls-'))
  const tls = { certificate: join(directory, 'tls.crt'), key: join(directory, 'tls.key') }
  const use = async (name: string): Promise<void> => {
    await copyFile(certificatePath(`${name}.pem`), tls.certificate)
    await copyFile(certificatePath(`${name}.key.pem`), tls.key)
  }
  await use('server')
  const clock = new ManualClock()
  await using bench = await HttpBench.start({ tls }, clock)
  const first = await serialOf(bench)
  await use('renewed')
  clock.advance(10_000)
  while ((await serialOf(bench)) === first) await new Promise(setImmediate)
  await rm(directory, { recursive: true })
})

async function serialOf(bench: HttpBench): Promise<string> {
  const ca = await readFile(CLIENT_FILES.ca)
  const socket: TLSSocket = connect({ port: bench.port, host: '127.0.0.1', ca })
  await once(socket, 'secureConnect')
  const { serialNumber } = socket.getPeerCertificate()
  socket.destroy()
  return serialNumber
}

it('does not start without its files', async () => {
  const bench = new HttpBench({ tls: { certificate: '/no/such.crt', key: '/no/such.key' } })
  await expect(bench.source.start(bench.context())).rejects.toMatchObject({ code: 'FLM6201' })
  await bench.source.stop()
})
