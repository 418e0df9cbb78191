import { expect, test } from 'vitest'
import { batchFrom } from '../../../test/avro/batches.ts'
import { HELLO } from '../../../test/avro/client.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { turns } from '../../../test/sim/clock.ts'
import type { FlumeError } from '../../core/errors.ts'
import { FrameReader } from '../../rpc/avro/frame-reader.ts'
import { handshakeRequestBytes, readHandshakeResponse } from '../../rpc/avro/handshake.ts'
import { HandshakeResponder } from '../../rpc/avro/handshake-responder.ts'
import { PROTOCOL_HASH, PROTOCOL_TEXT, protocolHash } from '../../rpc/avro/protocol.ts'
import { appendBatchFrame, pingFrame } from '../../rpc/avro/request.ts'
import type { Answer } from '../../rpc/avro/response.ts'
import { readResponse } from '../../rpc/avro/response.ts'
import { WireReader } from '../../rpc/avro/wire-reader.ts'
import { WireWriter } from '../../rpc/avro/wire-writer.ts'
import { Conversation } from './conversation.ts'

function frameOf(bytes: Buffer) {
  const frames = new FrameReader({ frameBytesMax: 2 ** 20 })
  frames.push(bytes)
  return frames.next()!
}

class Talk {
  readonly sent: Buffer[] = []
  readonly problems: FlumeError[] = []
  readonly bodies: string[] = []
  idle = 0
  readonly conversation = new Conversation({
    handshakes: new HandshakeResponder(),
    batchEventsMax: 2,
    deliver: async (batch) => {
      this.bodies.push(batch.bodies.toString())
      return 'OK'
    },
    send: (frame) => void this.sent.push(frame),
    onAnswer: () => {},
    onProblem: (error) => void this.problems.push(error),
    onIdle: () => this.idle++,
  })

  /** Says something, and resolves to what was sent since then. */
  async say(bytes: Buffer): Promise<WireReader[]> {
    this.sent.length = 0
    this.conversation.handle(frameOf(bytes))
    await turns()
    return this.sent.map((each) => new WireReader(frameOf(each).bytes))
  }

  async greeted(): Promise<this> {
    await this.say(pingFrame({ serial: 0, handshake: HELLO }))
    return this
  }
}

function callFrame(message: string, handshake?: Buffer): Buffer {
  const writer = new WireWriter()
  writer.fixed(Buffer.from('000000010000000100000000', 'hex'))
  if (handshake !== undefined) writer.fixed(handshake)
  writer.long(0)
  writer.text(message)
  const frame = Buffer.from(writer.result())
  frame.writeInt32BE(frame.length - 12, 8)
  return frame
}

const answerOf = (reader: WireReader): Answer => readResponse(reader).answer
const events = (count: number) =>
  batchFrom(Array.from({ length: count }, () => ({ headers: {}, body: 'x' })))

test('a ping gets the handshake alone, and later ones nothing but their serial', async () => {
  const talk = new Talk()
  const [first] = await talk.say(Buffer.from(GOLDEN.avscPing, 'hex'))
  expect(readHandshakeResponse(first!)).toMatchObject({ match: 'BOTH' })
  expect(first!.left).toBe(0)
  const [second] = await talk.say(pingFrame({ serial: 3 }))
  expect(second!.left).toBe(0)
})

test('a client of another protocol introduces itself and is served', async () => {
  const clientProtocol = JSON.stringify({ ...(JSON.parse(PROTOCOL_TEXT) as object), doc: 'x' })
  const hello = (protocol: string | undefined) =>
    handshakeRequestBytes({
      clientHash: protocolHash(clientProtocol),
      clientProtocol: protocol,
      serverHash: PROTOCOL_HASH,
      meta: undefined,
    })
  const talk = new Talk()
  const [none] = await talk.say(
    appendBatchFrame(events(1), { serial: 1, handshake: hello(undefined) }),
  )
  expect(readHandshakeResponse(none!)).toMatchObject({ match: 'NONE', serverHash: PROTOCOL_HASH })
  expect(none!.left).toBe(0)
  expect(talk.bodies).toEqual([])
  const [ok] = await talk.say(
    appendBatchFrame(events(1), { serial: 2, handshake: hello(clientProtocol) }),
  )
  expect(readHandshakeResponse(ok!)).toMatchObject({ match: 'BOTH' })
  expect(answerOf(ok!)).toBe('OK')
  const [later] = await talk.say(appendBatchFrame(events(1), { serial: 3 }))
  expect(answerOf(later!)).toBe('OK')
})

test('a client whose messages look different is told so on every call', async () => {
  const clientProtocol = JSON.stringify({ messages: { other: {} } })
  const talk = new Talk()
  const handshake = handshakeRequestBytes({
    clientHash: protocolHash(clientProtocol),
    clientProtocol,
    serverHash: PROTOCOL_HASH,
    meta: undefined,
  })
  const [answer] = await talk.say(callFrame('other', handshake))
  readHandshakeResponse(answer!)
  expect(answerOf(answer!)).toMatchObject({
    error: expect.stringContaining('neither append') as string,
  })
})

test('a message that does not exist is an error, and the conversation goes on', async () => {
  const talk = await new Talk().greeted()
  const [answer] = await talk.say(callFrame('query'))
  expect(answerOf(answer!)).toMatchObject({ error: expect.stringContaining('"query"') as string })
  const [ok] = await talk.say(appendBatchFrame(events(2), { serial: 5 }))
  expect(answerOf(ok!)).toBe('OK')
  expect(talk.problems).toHaveLength(1)
})

test('too many events are an error, and the conversation goes on; it is told once', async () => {
  const talk = await new Talk().greeted()
  for (const serial of [1, 2]) {
    const [answer] = await talk.say(appendBatchFrame(events(3), { serial }))
    expect(answerOf(answer!)).toMatchObject({
      error: expect.stringContaining('maxBatchEvents') as string,
    })
  }
  expect(talk.problems.map(({ code }) => code)).toEqual(['FLM6102'])
  expect(talk.bodies).toEqual([])
})

test('parameters that are none are answered, and then nothing more is worth hearing', async () => {
  const talk = await new Talk().greeted()
  expect(() => talk.conversation.handle(frameOf(callFrame('appendBatch')))).toThrow(
    expect.objectContaining({ code: 'FLM6101' }),
  )
  expect(answerOf(new WireReader(frameOf(talk.sent.at(-1)!).bytes))).toHaveProperty('error')
})

test('a beginning without a handshake is not worth an answer', async () => {
  const talk = new Talk()
  await expect(talk.say(callFrame('append'))).rejects.toMatchObject({ code: 'FLM6101' })
  expect(talk.sent).toEqual([])
})

test('it is idle when the last request was answered', async () => {
  const talk = await new Talk().greeted()
  for (const serial of [1, 2]) {
    talk.conversation.handle(frameOf(appendBatchFrame(events(1), { serial })))
  }
  expect(talk.conversation.open).toBe(2)
  await turns()
  expect([talk.conversation.open, talk.idle]).toEqual([0, 1])
})
