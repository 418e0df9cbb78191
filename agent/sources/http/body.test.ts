import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { isAnswer } from './answer.ts'
import { announcedLength, receiveBody } from './body.ts'
import type { Body } from './body.ts'
import { BodyRoom } from './body-room.ts'

class FakeRequest extends Readable {
  readonly headers: Readonly<Record<string, string>>

  constructor(headers: Readonly<Record<string, string>>) {
    super()
    this.headers = headers
  }

  override _read(): void {}
}

function requestOf(headers: Readonly<Record<string, string>> = { 'transfer-encoding': 'chunked' }) {
  const stream = new FakeRequest(headers)
  return { stream, request: stream as unknown as IncomingMessage }
}

const never = new AbortController().signal

function bodyOf(result: unknown): Body {
  if (result === undefined || isAnswer(result as object)) expect.unreachable('no body')
  return result as Body
}

describe('receiveBody', () => {
  it('puts chunks together and holds room until it is released', async () => {
    const room = new BodyRoom(1 << 20)
    const { stream, request } = requestOf()
    const done = receiveBody(request, { bytesMax: 1 << 20, room, stopping: never })
    const chunks = Array.from({ length: 300 }, (_, i) => Buffer.alloc(i, i % 256))
    for (const chunk of chunks) stream.push(chunk)
    stream.push(null)
    const body = bodyOf(await done)
    expect(body.bytes.equals(Buffer.concat(chunks))).toBe(true)
    expect(room.bytes).toBeGreaterThanOrEqual(body.bytes.length)
    expect(room.bytes).toBeLessThanOrEqual(Math.max(64 * 1024, 2 * body.bytes.length))
    body.release()
    body.release()
    expect(room.bytes).toBe(0)
  })

  it('takes exactly the room of a small body that is announced', async () => {
    const room = new BodyRoom(100)
    const { stream, request } = requestOf({ 'content-length': '5' })
    const done = receiveBody(request, { bytesMax: 1 << 20, room, stopping: never })
    stream.push(Buffer.from('ab'))
    stream.push(Buffer.from('cde'))
    stream.push(null)
    expect(bodyOf(await done).bytes.toString()).toBe('abcde')
    expect(room.bytes).toBe(5)
  })

  it('takes room as bytes come, not as they are announced', async () => {
    const room = new BodyRoom(1 << 30)
    const { stream, request } = requestOf({ 'content-length': String(1 << 25) })
    const done = receiveBody(request, { bytesMax: 1 << 25, room, stopping: never })
    stream.push(Buffer.alloc(1000))
    await new Promise(setImmediate)
    expect(room.bytes).toBe(64 * 1024)
    stream.destroy()
    expect(await done).toBeUndefined()
    expect(room.bytes).toBe(0)
  })

  it('refuses a body at its bound', async () => {
    const room = new BodyRoom(1 << 20)
    const { stream, request } = requestOf()
    const done = receiveBody(request, { bytesMax: 10, room, stopping: never })
    stream.push(Buffer.alloc(10))
    stream.push(Buffer.alloc(1))
    expect(await done).toMatchObject({ status: 413 })
    expect(room.bytes).toBe(0)
  })

  it('refuses a body for which there is no room', async () => {
    const room = new BodyRoom(100)
    room.take(95)
    const { stream, request } = requestOf()
    const done = receiveBody(request, { bytesMax: 1000, room, stopping: never })
    stream.push(Buffer.alloc(10))
    expect(await done).toMatchObject({ status: 503 })
    expect(room.bytes).toBe(95)
  })

  it('does not wait for a body once the source is to stop', async () => {
    const room = new BodyRoom(1000)
    const stopping = new AbortController()
    const { stream, request } = requestOf({ 'content-length': '20' })
    const done = receiveBody(request, { bytesMax: 1000, room, stopping: stopping.signal })
    stream.push(Buffer.alloc(10))
    await new Promise(setImmediate)
    stopping.abort()
    expect(await done).toMatchObject({ status: 503 })
    expect(room.bytes).toBe(0)
    const late = receiveBody(request, { bytesMax: 1000, room, stopping: stopping.signal })
    expect(await late).toMatchObject({ status: 503 })
  })

  it('survives a connection that breaks, before and after it had enough', async () => {
    const room = new BodyRoom(1000)
    const { stream, request } = requestOf()
    const done = receiveBody(request, { bytesMax: 5, room, stopping: never })
    stream.push(Buffer.alloc(6))
    await done
    stream.destroy(new Error('reset'))
    await new Promise(setImmediate)
    expect(room.bytes).toBe(0)
  })
})

describe('announcedLength', () => {
  it('is unknown for chunks and 0 without a body', () => {
    expect(announcedLength(requestOf().request)).toBeUndefined()
    expect(announcedLength(requestOf({}).request)).toBe(0)
    expect(announcedLength(requestOf({ 'content-length': '7' }).request)).toBe(7)
  })
})
