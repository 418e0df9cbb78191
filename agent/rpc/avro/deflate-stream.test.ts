import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { constants, createDeflate, deflateSync, inflateSync } from 'node:zlib'
import { afterEach, expect, test } from 'vitest'
import { DeflateStream } from './deflate-stream.ts'

const cleanups: (() => void)[] = []
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup()
})

/** Two ends of one real connection. */
async function connection(): Promise<[Socket, Socket]> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  cleanups.push(() => {
    client.destroy()
    accepted.destroy()
    server.close()
  })
  return [client, accepted]
}

async function chunkOf(stream: DeflateStream | Socket): Promise<Buffer> {
  const [chunk] = (await once(stream, 'data')) as [Buffer]
  return chunk
}

test.each([0, 1, 6, 9])('both directions at level %i, message by message', async (level) => {
  const [client, accepted] = await connection()
  const near = new DeflateStream(client, { level })
  const far = new DeflateStream(accepted, { level: 6, small: true })
  for (let i = 0; i < 3; i++) {
    near.write(`request ${i}`)
    expect((await chunkOf(far)).toString()).toBe(`request ${i}`)
    far.write(`answer ${i}`)
    expect((await chunkOf(near)).toString()).toBe(`answer ${i}`)
  }
  near.destroy()
  await once(far, 'close')
})

test('on the wire: one zlib header, and a sync flush after each write', async () => {
  const [client, accepted] = await connection()
  const near = new DeflateStream(client, { level: 6 })
  near.write('first')
  const first = await chunkOf(accepted)
  near.write('second')
  const second = await chunkOf(accepted)
  expect(first[0]).toBe(0x78)
  expect(first.subarray(-4).toString('hex')).toBe('0000ffff')
  expect(second.subarray(-4).toString('hex')).toBe('0000ffff')
  const whole = Buffer.concat([first, second])
  const { Z_SYNC_FLUSH } = constants
  expect(inflateSync(whole, { finishFlush: Z_SYNC_FLUSH }).toString()).toBe('firstsecond')
})

test('megabytes go through whole and in order', async () => {
  const [client, accepted] = await connection()
  const near = new DeflateStream(client, { level: 1 })
  const far = new DeflateStream(accepted, { level: 6 })
  const bytes = Buffer.alloc(5_000_000)
  for (let i = 0; i < bytes.length; i += 4) bytes.writeUInt32LE((i * 2654435761) >>> 0, i)
  near.end(bytes)
  expect((await buffer(far)).equals(bytes)).toBe(true)
})

test('what was flushed before the peer broke off is read', async () => {
  const [client, accepted] = await connection()
  const far = new DeflateStream(accepted, { level: 6 })
  const raw = createDeflate({ flush: constants.Z_SYNC_FLUSH })
  raw.write('flushed')
  client.end((await once(raw, 'data'))[0] as Buffer)
  expect((await buffer(far)).toString()).toBe('flushed')
})

test('bytes that are not deflate end the connection with an error', async () => {
  const [client, accepted] = await connection()
  const far = new DeflateStream(accepted, { level: 6 })
  client.write('GET / HTTP/1.1\r\n\r\n')
  const [error] = (await once(far, 'error')) as [unknown]
  expect(error).toMatchObject({ code: 'FLM6101' })
  await once(client, 'close')
})

test('a bomb is inflated no faster than somebody reads', async () => {
  const [client, accepted] = await connection()
  const far = new DeflateStream(accepted, { level: 6 })
  const bomb = deflateSync(Buffer.alloc(64 * 2 ** 20))
  expect(bomb.length).toBeLessThan(80_000)
  client.end(bomb)
  await once(far, 'readable')
  const heldMax = 4 * 64 * 1024
  let total = 0
  for (;;) {
    expect(far.readableLength).toBeLessThanOrEqual(heldMax)
    const chunk = far.read() as Buffer | null
    if (chunk === null && far.readableEnded) break
    total += chunk?.length ?? 0
    await new Promise(setImmediate)
  }
  expect(total).toBe(64 * 2 ** 20)
})

test('an error of the connection below ends it', async () => {
  const [client, accepted] = await connection()
  const far = new DeflateStream(accepted, { level: 6 })
  client.resetAndDestroy()
  const [error] = (await once(far, 'error')) as [NodeJS.ErrnoException]
  expect(error.code).toBe('ECONNRESET')
})
