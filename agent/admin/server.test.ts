import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterEach, expect, test } from 'vitest'
import { adminView } from '../../test/cli/view.ts'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { FlumeError } from '../core/errors.ts'
import { startAdminServer } from './server.ts'
import type { AdminServer } from './server.ts'
import type { AdminView } from './view.ts'

const servers: AdminServer[] = []
const log = new RecordingLogger()

const start = async (view: AdminView = adminView(), port = 0): Promise<AdminServer> => {
  const server = await startAdminServer({ host: '127.0.0.1', port }, view, log)
  servers.push(server)
  return server
}

const url = ({ address }: AdminServer, path: string): string =>
  `http://${address.host}:${address.port}${path}`

/** Sends bytes as they are and gives all that comes back until the server closes. */
const exchange = ({ address }: AdminServer, request: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(address.port, address.host, () => socket.write(request))
    let text = ''
    socket.setEncoding('utf8').on('data', (part: string) => (text += part))
    socket.on('close', () => resolve(text))
    socket.on('error', reject)
  })

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

test('it takes a free port and answers', async () => {
  const server = await start()
  expect(server.address.port).toBeGreaterThan(0)
  const response = await fetch(url(server, '/status'))
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-store')
  expect(await response.json()).toMatchObject({ agent: 'hub' })
})

test('it listens at all addresses of both families', async () => {
  const server = await startAdminServer({ host: '::', port: 0 }, adminView(), log)
  const families = Object.values(networkInterfaces()).flatMap((all) => all ?? [])
  const hasIPv6 = families.some(({ family }) => family === 'IPv6')
  for (const host of hasIPv6 ? ['127.0.0.1', '[::1]'] : ['127.0.0.1'])
    expect((await fetch(`http://${host}:${server.address.port}/livez`)).status).toBe(200)
  await server.close()
})

test('HEAD has the headers and no body', async () => {
  const response = await fetch(url(await start(), '/metrics'), { method: 'HEAD' })
  expect(response.headers.get('content-length')).toBe('5')
  expect(await response.text()).toBe('')
})

test('what fails inside is told to the log and not to the client', async () => {
  const failing = adminView({
    status: () => {
      throw new Error('secret of the inside')
    },
  })
  const response = await fetch(url(await start(failing), '/status'))
  expect(response.status).toBe(500)
  expect(await response.text()).not.toMatch(/secret|at .*\.ts/)
  expect(log.lines.map(({ message }) => message)).toContain('admin request failed')
})

test('a request with a body is refused and its connection closed', async () => {
  const server = await start()
  const request = 'POST /status HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc'
  expect(await exchange(server, request)).toMatch(/^HTTP\/1\.1 413 /)
})

test('headers without end are cut off', async () => {
  const request = `GET /status HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(10_000)}`
  expect(await exchange(await start(), request)).toMatch(/^HTTP\/1\.1 431 /)
})

test('closing ends connections that are kept open', async () => {
  const server = await start()
  const { address } = server
  const closed = new Promise<void>((resolve, reject) => {
    const socket = connect(address.port, address.host)
    socket.on('close', () => resolve()).on('error', reject)
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    socket.once('data', () => void server.close())
  })
  await closed
})

test('an address in use is FLM9101, one that is not of this machine FLM9102', async () => {
  const { address } = await start()
  const taken = await start(adminView(), address.port).catch((error: unknown) => error)
  expect(taken).toBeInstanceOf(FlumeError)
  expect(taken).toMatchObject({ code: 'FLM9101' })
  expect((taken as Error).message).toContain('--admin HOST:PORT')
  const foreign = startAdminServer({ host: '192.0.2.1', port: 0 }, adminView(), log)
  await expect(foreign).rejects.toMatchObject({ code: 'FLM9102' })
})
