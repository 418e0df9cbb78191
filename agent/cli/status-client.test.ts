import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { fetchStatus } from './status-client.ts'

let server: Server | undefined

const serve = async (listener: RequestListener): Promise<string> => {
  server = createServer(listener)
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

afterEach(() => {
  server?.closeAllConnections()
  server?.close()
})

test('a status is read', async () => {
  const address = await serve((_, response) => response.end('{"agent":"hub"}'))
  expect(await fetchStatus(address)).toEqual({ agent: 'hub' })
})

test('no agent, and something else at its address, is FLM9104 with the cure', async () => {
  const odd = await serve((_, response) => response.writeHead(404).end())
  for (const address of ['127.0.0.1:1', odd]) {
    const error = await fetchStatus(address).catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'FLM9104' })
    expect((error as Error).message).toContain('--admin HOST:PORT')
  }
})

test('an answer that ends early or is no JSON is FLM9104', async () => {
  const address = await serve((request, response) => {
    response.writeHead(200, { 'content-length': '10' })
    response.write('{"a":', () => request.socket.destroy())
  })
  await expect(fetchStatus(address)).rejects.toMatchObject({ code: 'FLM9104' })
})
