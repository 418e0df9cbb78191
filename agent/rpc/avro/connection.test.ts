import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import { failureOf, until } from '../../../test/avro/fixture.ts'
import { ManualClock } from '../../../test/sim/clock.ts'
import type { FlumeError } from '../../core/errors.ts'
import type { Call } from './client-call.ts'
import { calledOff, refused } from './client-errors.ts'
import { Connection, PIPELINE_BYTES_MAX, PIPELINE_REQUESTS_MAX } from './connection.ts'
import { FrameReader } from './frame-reader.ts'
import { FRAME_HEAD_BYTES, writeFrameHead } from './frame-writer.ts'

const REQUEST_TIMEOUT_MS = 5000

/** A clock of a process that can be stopped, and then finds its timers far too late. */
class StoppableClock extends ManualClock {
  #leapMs = 0

  override monotonic(): number {
    return super.monotonic() + this.#leapMs
  }

  /** Stands still for so long, with one timer falling due meanwhile. */
  stop(ms: number): void {
    const { nextMs } = this
    if (nextMs === undefined) throw new Error('no timer waits')
    this.#leapMs += ms - nextMs
    this.advance(nextMs)
  }
}

function frameOf(text: string, serial = 0): Buffer {
  const frame = Buffer.concat([Buffer.alloc(FRAME_HEAD_BYTES), Buffer.from(text)])
  writeFrameHead(frame, serial)
  return frame
}

function callOf(text: string, bytes = 1): Call {
  return { events: 1, bytes, frame: () => frameOf(text), delivered: () => {} }
}

/** The far end, which reads requests and answers as the test says. */
class Peer {
  readonly socket: Socket
  readonly requests: { serial: number; text: string }[] = []
  readonly #reader = new FrameReader({ frameBytesMax: 2 ** 24 })

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('error', () => {})
    socket.on('data', (chunk: Buffer) => {
      this.#reader.push(chunk)
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next())
        this.requests.push({ serial: frame.serial, text: frame.bytes.toString() })
    })
  }

  /** Answers the requests with these numbers, in this order. */
  answer(...numbers: number[]): void {
    for (const number of numbers) this.socket.write(frameOf('OK', this.requests[number]!.serial))
  }

  async received(count: number): Promise<void> {
    await until(() => this.requests.length >= count)
  }
}

/** A connection over a real socket; answers other than OK are refusals. */
async function connected() {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  const [accepted] = (await once(server, 'connection')) as [Socket]
  onTestFinished(() => {
    socket.destroy()
    accepted.destroy()
    server.close()
  })
  const clock = new StoppableClock()
  const closed: FlumeError[] = []
  const connection = new Connection(socket, {
    peer: 'hub:1',
    requestTimeoutMs: REQUEST_TIMEOUT_MS,
    clock,
    readAnswer: (bytes) => {
      const text = bytes.toString()
      if (text === 'nonsense') throw new Error('that is nonsense')
      return text === 'OK' ? undefined : refused('hub:1', text)
    },
    onClosed: (error) => closed.push(error),
  })
  return { connection, peer: new Peer(accepted), clock, closed }
}

describe('requests', () => {
  test('are sent without waiting and matched to answers in any order', async () => {
    const { connection, peer } = await connected()
    const sends = ['a', 'b', 'c'].map((text) => connection.send(callOf(text)))
    await peer.received(3)
    expect(peer.requests.map(({ text }) => text)).toEqual(['a', 'b', 'c'])
    expect(connection).toMatchObject({ inFlightRequests: 3, inFlightEvents: 3, inFlightBytes: 3 })
    peer.answer(2, 0, 1)
    await Promise.all(sends)
    expect(connection).toMatchObject({ inFlightRequests: 0, inFlightEvents: 0, inFlightBytes: 0 })
  })

  test('that are refused leave the connection as it is', async () => {
    const { connection, peer, closed } = await connected()
    const failure = failureOf(connection.send(callOf('a')))
    await peer.received(1)
    peer.socket.write(frameOf('FAILED', 0))
    expect(await failure).toMatchObject({ code: 'FLM4304', outcome: 'unknown' })
    const next = connection.send(callOf('b'))
    await peer.received(2)
    peer.answer(1)
    await next
    expect(closed).toEqual([])
  })

  test('have room within bounds; one that is larger than all of it goes alone', async () => {
    const { connection, peer } = await connected()
    const large = callOf('a', PIPELINE_BYTES_MAX + 1)
    expect(connection.hasRoom(large)).toBe(true)
    const sends = [connection.send(large)]
    expect(connection.hasRoom(callOf('b'))).toBe(false)
    await peer.received(1)
    peer.answer(0)
    await sends[0]
    for (let i = 0; i < PIPELINE_REQUESTS_MAX; i++) {
      expect(connection.hasRoom(callOf('b'))).toBe(true)
      sends.push(connection.send(callOf('b')))
    }
    expect(connection.hasRoom(callOf('b'))).toBe(false)
    connection.destroy(calledOff('the test ends', 'none'))
    await Promise.allSettled(sends)
    expect(connection.hasRoom(callOf('b'))).toBe(false)
  })
})

describe('the time-out', () => {
  test('destroys the connection: every request settles, in doubt', async () => {
    const { connection, peer, clock, closed } = await connected()
    const failures = ['a', 'b'].map((text) => failureOf(connection.send(callOf(text))))
    await peer.received(2)
    clock.advance(REQUEST_TIMEOUT_MS - 1)
    expect(closed).toEqual([])
    clock.advance(1)
    for (const failure of failures)
      expect(await failure).toMatchObject({ code: 'FLM4302', outcome: 'unknown', retryable: true })
    expect(closed).toMatchObject([{ code: 'FLM4302' }])
    expect(connection.inFlightRequests).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('of a request begins when those before it are answered: a long queue is no hang', async () => {
    const { connection, peer, clock, closed } = await connected()
    const sends = ['a', 'b', 'c'].map((text) => connection.send(callOf(text)))
    await peer.received(3)
    for (const number of [0, 1, 2]) {
      clock.advance(REQUEST_TIMEOUT_MS - 1)
      peer.answer(number)
      await sends[number]
    }
    expect(closed).toEqual([])
  })

  test('is not put off by answers to later requests', async () => {
    const { connection, peer, clock, closed } = await connected()
    const first = failureOf(connection.send(callOf('a')))
    const second = connection.send(callOf('b'))
    await peer.received(2)
    clock.advance(REQUEST_TIMEOUT_MS - 1)
    peer.answer(1)
    await second
    clock.advance(1)
    expect(await first).toMatchObject({ code: 'FLM4302' })
    expect(closed).toHaveLength(1)
  })

  test('of a later request counts from when it was sent', async () => {
    const { connection, peer, clock, closed } = await connected()
    const first = connection.send(callOf('a'))
    await peer.received(1)
    peer.answer(0)
    await first
    clock.advance(REQUEST_TIMEOUT_MS - 1)
    const second = connection.send(callOf('b'))
    await peer.received(2)
    clock.advance(REQUEST_TIMEOUT_MS - 1)
    expect(closed).toEqual([])
    peer.answer(1)
    await second
  })

  test('leaves answers that came while this process stood still the time to be read', async () => {
    const { connection, peer, clock, closed } = await connected()
    const sends = ['a', 'b'].map((text) => connection.send(callOf(text)))
    await peer.received(2)
    peer.answer(0, 1)
    // One leap, as a stopped process sees it: the timer is far too late when it fires.
    clock.stop(20_000)
    await Promise.all(sends)
    expect(closed).toEqual([])
  })

  test('comes soon after this process stood still, when there were none', async () => {
    const { connection, peer, clock, closed } = await connected()
    const failure = failureOf(connection.send(callOf('a')))
    await peer.received(1)
    clock.stop(20_000)
    clock.stop(200)
    expect(await failure).toMatchObject({ code: 'FLM4302' })
    expect(closed).toHaveLength(1)
  })

  test('passed: an answer that comes late finds nobody', async () => {
    const { connection, peer, clock } = await connected()
    const failure = failureOf(connection.send(callOf('a')))
    await peer.received(1)
    clock.advance(REQUEST_TIMEOUT_MS)
    await failure
    peer.answer(0)
    await until(() => peer.socket.destroyed)
    expect(await failureOf(connection.send(callOf('b')))).toMatchObject({
      code: 'FLM4303',
      outcome: 'none',
    })
  })
})

describe('the connection ends, and every request settles', () => {
  test.each([
    ['the peer closes it', (peer: Peer) => void peer.socket.end(), 'FLM4303'],
    ['the peer breaks it', (peer: Peer) => void peer.socket.resetAndDestroy(), 'FLM4303'],
    [
      'the peer closes it amid an answer',
      (peer: Peer) => void peer.socket.end(frameOf('OK').subarray(0, 9)),
      'FLM4303',
    ],
    [
      'an answer to no request comes',
      (peer: Peer) => void peer.socket.write(frameOf('OK', 99)),
      'FLM4305',
    ],
    [
      'an answer comes twice',
      (peer: Peer) => {
        peer.answer(1)
        peer.answer(1)
      },
      'FLM4305',
    ],
    [
      'what comes is no frame',
      (peer: Peer) => void peer.socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'),
      'FLM4305',
    ],
    [
      'a frame is larger than any answer',
      (peer: Peer) => void peer.socket.write(Buffer.from('000000000000000140000000', 'hex')),
      'FLM4305',
    ],
    [
      'an answer is nonsense',
      (peer: Peer) => void peer.socket.write(frameOf('nonsense', 0)),
      'FLM4305',
    ],
  ])('when %s', async (_, act, code) => {
    const { connection, peer, closed } = await connected()
    const first = failureOf(connection.send(callOf('a')))
    const second = connection.send(callOf('b')).catch(() => {})
    await peer.received(2)
    act(peer)
    expect(await first).toMatchObject({ code, outcome: 'unknown', retryable: true })
    await second
    expect(closed).toHaveLength(1)
    expect(connection.closed).toBe(closed[0])
    expect(connection.hasRoom(callOf('c'))).toBe(false)
  })

  test('when it is destroyed: for that reason', async () => {
    const { connection, peer, closed } = await connected()
    const failure = failureOf(connection.send(callOf('a')))
    await peer.received(1)
    connection.destroy(calledOff('the sink was stopped', 'none'))
    connection.destroy(calledOff('again', 'none'))
    expect(await failure).toMatchObject({ code: 'FLM4306', outcome: 'unknown' })
    expect((await failure).message).toContain('the sink was stopped')
    expect(closed).toHaveLength(1)
    await until(() => peer.socket.destroyed)
  })
})
