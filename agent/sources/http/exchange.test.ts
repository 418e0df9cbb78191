import { afterAll, beforeAll, expect, it } from 'vitest'
import { EVENT, HttpBench, head } from '../../../test/http/bench.ts'

let bench: HttpBench

beforeAll(async () => {
  bench = await HttpBench.start({ path: '/events', maxBodySize: 4096, maxEvents: 10 })
})

afterAll(() => bench.source.stop())

it('takes events at its path', async () => {
  bench.intake.taken.length = 0
  expect((await bench.send(EVENT, { path: '/events' })).status).toBe(200)
  expect(bench.intake.events()).toEqual([[{ a: 'b' }, 'x']])
})

it('emits nothing for no events', async () => {
  const { length } = bench.intake.emitted
  expect((await bench.send('[]', { path: '/events' })).status).toBe(200)
  expect(bench.intake.emitted).toHaveLength(length)
})

it.each([
  [404, { path: '/other' }, EVENT],
  [405, { path: '/events', method: 'PUT' }, EVENT],
  [413, { path: '/events' }, 'x'.repeat(4097)],
  [413, { path: '/events' }, JSON.stringify(Array.from({ length: 11 }, () => ({})))],
  [415, { path: '/events', headers: { 'content-type': 'text/plain; charset=latin1' } }, EVENT],
  [400, { path: '/events' }, Buffer.from('5b7b22626f6479223a22ff227d5d', 'hex')],
  [400, { path: '/events' }, '[{"body":"x"'],
])('answers %i to %j', async (status, options, body) => {
  const { length } = bench.intake.emitted
  const reply = await bench.send(body, options)
  expect(reply.status).toBe(status)
  expect(reply.headers['content-type']).toBe('text/plain; charset=utf-8')
  expect(reply.text).toMatch(/^.+\n$/)
  expect(bench.intake.emitted).toHaveLength(length)
})

it('asks for the body of a client that waits for that, and only if it takes it', async () => {
  const good = bench.connect()
  const lines = ['Expect: 100-continue', 'Connection: close']
  good.write(head(EVENT.length, ...lines).replace('POST /', 'POST /events'))
  await good.received(/^HTTP\/1.1 100 Continue\r\n\r\n/)
  good.write(EVENT)
  expect(await good.closed).toMatch(/\r\n\r\nHTTP\/1.1 200 OK\r\n/)
  const bad = bench.connect()
  bad.write(head(EVENT.length, ...lines))
  expect(await bad.received(/\n\r\n.+\n$/)).toMatch(/^HTTP\/1.1 404 Not Found\r\n/)
  bad.socket.destroy()
})
