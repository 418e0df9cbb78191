import { readFileSync } from 'node:fs'
import type { Duplex } from 'node:stream'
import { TLSSocket, createSecureContext } from 'node:tls'
import { describe, expect, onTestFinished, test } from 'vitest'
import {
  CONFIG,
  NEVER,
  eventsFrom,
  failureOf,
  serverOf,
  sinkContext,
  sinkTo,
} from '../../../test/avro/fixture.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import {
  CLIENT_FILES,
  SERVER_FILES,
  STRANGER_FILES,
  certificatePath,
} from '../../../test/tls/certificates.ts'
import { clientTlsSchema } from '../../core/tls.ts'
import { AvroClientSink } from './client-sink.ts'
import { ServicePeers } from './service-peers.ts'

const files = {
  cert: readFileSync(SERVER_FILES.certificate),
  key: readFileSync(SERVER_FILES.key),
  ca: readFileSync(CLIENT_FILES.ca),
}

const secure = (below: Duplex): Duplex =>
  new TLSSocket(below, { isServer: true, secureContext: createSecureContext(files) })
/** Looks at the certificate of the client before it reads anything. */
const demanding = (below: Duplex): Duplex => {
  const options = { isServer: true, requestCert: true, rejectUnauthorized: false }
  const socket = new TLSSocket(below, { ...options, secureContext: createSecureContext(files) })
  const handle = (socket as unknown as { readonly ssl: { verifyError(): unknown } }).ssl
  socket.once('secure', () => {
    const shown = socket.getPeerX509Certificate() !== undefined
    if (!shown || handle.verifyError()) socket.destroy()
  })
  return socket
}

const tls = (config: object) => ({ tls: clientTlsSchema.parse(config) })
const trusting = tls({ ca: CLIENT_FILES.ca })
const { ca } = CLIENT_FILES

test.each([
  { compression: 'none', deflate: false },
  { compression: 'deflate', deflate: true },
] as const)('events arrive over TLS with $compression', async ({ compression, deflate }) => {
  const server = await serverOf({ secure, deflate })
  const sink = await sinkTo([server], { compression, ...trusting })
  await sink.write([eventsFrom(0, 250)], NEVER)
  expect(server.bodies).toHaveLength(250)
})

test('a client certificate is shown', async () => {
  const server = await serverOf({ secure: demanding })
  const sink = await sinkTo([server], tls(CLIENT_FILES))
  await sink.write([eventsFrom(0, 1)], NEVER)
  expect(server.bodies).toEqual(['0'])
})

describe('no event is sent to', () => {
  const untrusted = { code: 'FLM4301', outcome: 'none', retryable: true }

  test('a server whose authority is not trusted, unless nothing is verified', async () => {
    const server = await serverOf({ secure })
    const wary = await sinkTo([server], tls({}))
    expect(await failureOf(wary.write([eventsFrom(0, 1)], NEVER))).toMatchObject(untrusted)
    expect(server.calls).toEqual([])
    const careless = await sinkTo([server], tls({ verify: 'none' }))
    await careless.write([eventsFrom(0, 1)], NEVER)
  })

  test('a server whose certificate is for another name, unless only the authority counts', async () => {
    const server = await serverOf({ secure })
    const wary = await sinkTo([server], tls({ ca, serverName: 'elsewhere.example' }))
    const failure = await failureOf(wary.write([eventsFrom(0, 1)], NEVER))
    expect(failure).toMatchObject(untrusted)
    expect(failure.message).toContain('elsewhere.example')
    expect(server.calls).toEqual([])
    const config = { ca, serverName: 'elsewhere.example', verify: 'authority' }
    const trusted = await sinkTo([server], tls(config))
    await trusted.write([eventsFrom(0, 1)], NEVER)
  })

  test('a replica whose certificate is not for the name of its service', async () => {
    const server = await serverOf({ secure })
    const sinkToService = async (host: string): Promise<AvroClientSink> => {
      const peers = new ServicePeers({ host, port: server.port }, async () => ['127.0.0.1'])
      const sink = new AvroClientSink(peers, { ...CONFIG, ...tls({ ca }) })
      onTestFinished(() => sink.stop())
      await sink.start(sinkContext())
      return sink
    }
    const wary = await sinkToService('hub-ready.shop.svc')
    const failure = await failureOf(wary.write([eventsFrom(0, 1)], NEVER))
    expect(failure).toMatchObject(untrusted)
    expect(failure.message).toContain('hub-ready.shop.svc')
    expect(server.calls).toEqual([])
    await (await sinkToService('localhost')).write([eventsFrom(0, 1)], NEVER)
  })

  test.each([{ ca }, STRANGER_FILES])('a server that does not trust us', async (config) => {
    const server = await serverOf({ secure: demanding })
    const sink = await sinkTo([server], tls(config))
    expect(await failureOf(sink.write([eventsFrom(0, 1)], NEVER))).toMatchObject(untrusted)
    expect(server.calls).toEqual([])
  })

  test('a server without TLS', async () => {
    const server = await serverOf()
    const sink = await sinkTo([server], trusting)
    expect(await failureOf(sink.write([eventsFrom(0, 1)], NEVER))).toMatchObject(untrusted)
  })

  test('a server that never agrees on TLS: time ends it', async () => {
    const server = await serverOf()
    server.freeze()
    const clock = new ManualClock()
    const sink = await sinkTo([server], { ...trusting, connectTimeout: 1000 }, clock)
    const failure = failureOf(sink.write([eventsFrom(0, 1)], NEVER))
    await server.until(() => server.connections === 1)
    clock.advance(1000)
    expect(await failure).toMatchObject(untrusted)
    await server.until(() => server.openConnections === 0)
  })
})

test('files that cannot be used: the sink does not start', async () => {
  const missing = tls({ ca: certificatePath('none.pem') })
  expect(await failureOf(sinkTo([{ port: 1 }], missing))).toMatchObject({
    code: 'FLM6201',
    message: expect.stringContaining('none.pem') as string,
  })
})

test('a peer that dies while events are in flight over TLS and deflate', async () => {
  const server = await serverOf({ secure, deflate: true, react: () => 'silence' })
  const sink = await sinkTo([server], { compression: 'deflate', ...trusting }, new ManualClock())
  const failure = failureOf(sink.write([eventsFrom(0, 1)], NEVER))
  await server.until(() => server.calls.length === 1)
  await server.kill()
  expect(await failure).toMatchObject({ code: 'FLM4303', outcome: 'unknown' })
})
