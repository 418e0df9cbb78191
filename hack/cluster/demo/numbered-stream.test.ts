import { createServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { expect, test } from 'vitest'
import { until } from '../until.ts'
import { NumberedStream, bodyOf, idOf } from './numbered-stream.ts'

test('numbers go out as bodies and are read back from whole lines only', () => {
  expect(idOf(bodyOf(42))).toBe(42)
  expect(idOf(bodyOf(42).slice(1))).toBeUndefined()
  expect(idOf('')).toBeUndefined()
})

test('every request is sent again until it is answered 200', async () => {
  const seen: number[] = []
  let requests = 0
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const events = (await json(incoming)) as { body: string }[]
    requests++
    // The first is lost after it was taken, the second refused.
    for (const { body } of events) seen.push(idOf(body)!)
    if (requests === 1) response.destroy()
    else response.writeHead(requests === 2 ? 503 : 200).end()
  }
  const server = createServer((incoming, response) => void answer(incoming, response))
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}/`
  const stream = new NumberedStream({ url, eventsPerSecond: 100_000, connections: 1 })
  await until('some answers', 10, () => stream.acknowledged >= 500)
  await stream.stop(10)
  server.close()
  expect(stream.acknowledged).toBe(stream.sent)
  expect(stream.requestsRepeated).toBe(2)
  expect(new Set(seen).size).toBe(stream.sent)
  expect(seen.length).toBe(stream.sent + 100)
})
