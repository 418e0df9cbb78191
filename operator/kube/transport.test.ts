import { expect, onTestFinished, test } from 'vitest'
import { failureOf, kubeParts, metricOf, until } from '../../test/kube/fixture.ts'
import { FakeServer } from '../../test/kube/fake-server.ts'
import { OPEN_TIMEOUT_MS, Transport } from './transport.ts'

const list = {
  method: 'GET',
  path: '/api/v1/configmaps',
  tried: 'list configmaps',
  labels: { verb: 'list', kind: 'ConfigMap' },
} as const

async function parts() {
  const { clock, metrics, registry } = kubeParts()
  const server = await FakeServer.start()
  onTestFinished(() => server.close())
  const transport = new Transport({ server: server.api, userAgent: 'me/1', clock, metrics })
  onTestFinished(() => transport.close())
  return { clock, registry, server, transport }
}

test('a request carries what lets it in and who asks; connections are used again', async () => {
  const { server, transport } = await parts()
  const sockets = new Set<string>()
  for (let i = 0; i < 3; i++) {
    const { status } = await transport.send(list, 1000)
    expect(status).toBe(200)
    sockets.add(String(server.seen.at(-1)!.headers.connection))
  }
  expect(server.seen[0]!.headers).toMatchObject({ authorization: 'Bearer t', 'user-agent': 'me/1' })
  expect(server.connections).toBe(1)
  expect([...sockets]).toEqual(['keep-alive'])
})

test('a reset, a server that is not there: not reached, and it may be tried again', async () => {
  const { server, transport, registry } = await parts()
  server.fail('list', 'reset')
  expect(await failureOf(transport.send(list, 1000))).toMatchObject({
    code: 'FLM7101',
    retryable: true,
    outcome: 'unknown',
    status: 0,
    message: expect.stringMatching(/^list configmaps: .*(?:ECONNRESET|hang up)/) as string,
  })
  await server.close()
  expect(await failureOf(transport.send(list, 1000))).toMatchObject({ code: 'FLM7101' })
  expect(await metricOf(registry, 'rest_client_requests_total', { code: '<error>' })).toBe(2)
})

test('no answer in time ends the call, and its connection with it', async () => {
  const { server, transport, clock } = await parts()
  server.fail('list', 'silence')
  const failure = failureOf(transport.send(list, 1000))
  await until(() => server.count('list') === 1)
  clock.advance(1000)
  expect(await failure).toMatchObject({
    code: 'FLM7102',
    message: 'list configmaps: the API server did not answer within 1000 ms',
  })
  await until(() => server.connectionsOpen === 0)
  expect(clock.pending).toBe(0)
})

test('an answer that stops in the middle is one that did not come in time', async () => {
  const { server, transport, clock } = await parts()
  server.fail('list', { raw: '{"items": [', after: 'silence' })
  const failure = failureOf(transport.send(list, 1000))
  await until(() => server.count('list') === 1)
  clock.advance(1000)
  expect(await failure).toMatchObject({ code: 'FLM7102' })
})

test('who calls it off hears so', async () => {
  const { server, transport } = await parts()
  server.fail('list', 'silence')
  const call = new AbortController()
  const failure = failureOf(transport.send({ ...list, signal: call.signal }, 1000))
  await until(() => server.count('list') === 1)
  call.abort(new Error('no need any more'))
  expect(await failure).toMatchObject({ message: 'list configmaps: called off: no need any more' })
  expect(await failureOf(transport.send({ ...list, signal: call.signal }, 1000))).toMatchObject({
    code: 'FLM7101',
  })
  expect(server.count('list')).toBe(1)
})

test('a command for the token that hangs ends with the call', async () => {
  const { server } = await parts()
  const { clock, metrics } = kubeParts()
  const access = () => new Promise<never>(() => {})
  const hanging = { url: server.api.url, access }
  const transport = new Transport({ server: hanging, userAgent: 'me/1', clock, metrics })
  const failure = failureOf(transport.send(list, 1000))
  clock.advance(1000)
  expect(await failure).toMatchObject({ code: 'FLM7102' })
  expect(server.seen).toEqual([])
})

test('a watch that does not begin in time is given up', async () => {
  const { server, transport, clock } = await parts()
  server.fail('watch', 'silence')
  const { signal } = new AbortController()
  const path = '/api/v1/configmaps?watch=true'
  const failure = failureOf(transport.open({ ...list, path, signal }))
  await until(() => server.count('watch') === 1)
  clock.advance(OPEN_TIMEOUT_MS)
  expect(await failure).toMatchObject({ code: 'FLM7102' })
})

test('answers are counted by their status', async () => {
  const { server, transport, registry } = await parts()
  server.fail('list', { status: 503 })
  expect((await transport.send(list, 1000)).status).toBe(503)
  await transport.send(list, 1000)
  const of = (code: string) => metricOf(registry, 'rest_client_requests_total', { code })
  expect([await of('503'), await of('200')]).toEqual([1, 1])
})
