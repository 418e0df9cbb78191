import { createServer } from 'node:http'
import type { RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { HttpAsk } from './ask.ts'

async function serving(listener: RequestListener) {
  const server = createServer(listener)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const http = new HttpAsk()
  onTestFinished(() => {
    http.close()
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return () => http.ask(new URL(`http://127.0.0.1:${port}/status`))
}

test('the text is handed on', async () => {
  const ask = await serving((request, response) => response.end(request.url))
  expect(await ask()).toBe('/status')
  expect(await ask()).toBe('/status')
})

test('an answer that is none is a failure', async () => {
  const ask = await serving((_, response) => response.writeHead(503).end('x'))
  await expect(ask()).rejects.toThrow('the answer is 503')
})

test('one that does not end is cut off', async () => {
  const ask = await serving((_, response) => {
    const more = (): void =>
      void (response.write('x'.repeat(1024 * 1024))
        ? setImmediate(more)
        : response.once('drain', more))
    more()
  })
  await expect(ask()).rejects.toThrow('more than 8388608 bytes')
})

test('one that does not begin ends after a time', async () => {
  const ask = await serving(() => {})
  await expect(ask()).rejects.toThrow(/abort/i)
})
