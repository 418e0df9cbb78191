import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Batch } from '../../agent/core/batch.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import { decodeAppendBatch } from '../../agent/rpc/avro/decode-events.ts'
import { protocolProblem } from '../../agent/rpc/avro/foreign-protocol.ts'
import { FRAME_BUFFERS_MAX, FrameReader } from '../../agent/rpc/avro/frame-reader.ts'
import { readHandshakeResponse } from '../../agent/rpc/avro/handshake.ts'
import { HandshakeResponder } from '../../agent/rpc/avro/handshake-responder.ts'
import { HEADER_CELLS_MAX, HEADER_NAMES_MAX } from '../../agent/rpc/avro/header-columns.ts'
import { METADATA_BYTES_MAX, METADATA_ENTRIES_MAX } from '../../agent/rpc/avro/metadata.ts'
import { appendBatchFrame, appendFrame, pingFrame } from '../../agent/rpc/avro/request.ts'
import { readResponse } from '../../agent/rpc/avro/response.ts'
import { WireReader } from '../../agent/rpc/avro/wire-reader.ts'
import { WireWriter } from '../../agent/rpc/avro/wire-writer.ts'
import { Conversation } from '../../agent/sources/avro/conversation.ts'
import { senderOf } from '../../agent/sources/avro/sender.ts'
import { batchFrom, eventsOf, plainEvents } from '../avro/batches.ts'
import type { PlainEvent } from '../avro/batches.ts'
import { HELLO } from '../avro/client.ts'
import { GOLDEN } from '../avro/golden.ts'
import { cutInto, mutate, mutation } from '../avro/mutations.ts'

/** More for a longer search: FUZZ_RUNS=20000. A failure prints its seed and the smallest case. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400)

const FRAME_BYTES_MAX = 64 * 1024
const EVENTS_MAX = 1000
const CHUNK_BYTES_MAX = 64 * 1024

interface Heard {
  readonly batches: Batch[]
  readonly answers: number
  /** Why the connection would be closed. */
  readonly error: FlumeError | undefined
}

/** All parsers of the source, one behind the other, as a connection uses them. */
function hear(chunks: readonly Buffer[]): Heard {
  const frames = new FrameReader({ frameBytesMax: FRAME_BYTES_MAX })
  const batches: Batch[] = []
  let answers = 0
  const conversation = new Conversation({
    handshakes: new HandshakeResponder(),
    batchEventsMax: EVENTS_MAX,
    deliver: async (batch, metadata) => {
      expectSound(batch)
      batches.push(batch)
      senderOf(metadata, batch.count)
      return 'OK'
    },
    send: () => void answers++,
    onAnswer: () => {},
    onProblem: () => {},
    onIdle: () => {},
  })
  try {
    for (const chunk of chunks) {
      frames.push(Buffer.from(chunk))
      for (let frame = frames.next(); frame !== undefined; frame = frames.next()) {
        expect(frame.bytes.length).toBeLessThanOrEqual(FRAME_BYTES_MAX)
        conversation.handle(frame)
      }
      expect(frames.bytesHeld).toBeLessThanOrEqual(FRAME_BYTES_MAX)
    }
  } catch (thrown) {
    if (!(thrown instanceof FlumeError)) throw thrown
    expect(['FLM6101', 'FLM6102']).toContain(thrown.code)
    return { batches, answers, error: thrown }
  }
  return { batches, answers, error: undefined }
}

/** A batch within its bounds, whose parts fit together. */
function expectSound({ count, bodies, ends, headers }: Batch): void {
  expect(count).toBeLessThanOrEqual(EVENTS_MAX)
  expect(ends.length).toBe(count)
  expect(bodies.length).toBe(count === 0 ? 0 : ends[count - 1])
  for (let i = 1; i < count; i++) expect(ends[i]).toBeGreaterThanOrEqual(ends[i - 1]!)
  expect(headers.common.size + headers.columns.size).toBeLessThanOrEqual(HEADER_NAMES_MAX)
  expect(headers.columns.size * count).toBeLessThanOrEqual(HEADER_CELLS_MAX)
  for (const [name, values] of headers.columns) {
    expect(values.length).toBe(count)
    expect(headers.common.has(name)).toBe(false)
  }
}

const METADATA = new Map([
  ['flume.stream', Buffer.from('c/1')],
  ['flume.ranges', Buffer.from('7-8')],
  ['flume.floor', Buffer.from('5')],
])

/** What a client says, the handshake first. */
function talkOf(each: readonly (readonly PlainEvent[])[]): Buffer {
  const frames = each.map((events, i) => {
    const metadata = events.length === 2 ? { metadata: METADATA } : {}
    const batch = batchFrom(events)
    const options = { serial: i + 1, ...metadata }
    return events.length === 1 ? appendFrame(batch, options) : appendBatchFrame(batch, options)
  })
  return Buffer.concat([pingFrame({ serial: 0, handshake: HELLO }), ...frames])
}

const talk = fc.array(plainEvents, { minLength: 1, maxLength: 4 })
const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })

describe('what clients send', () => {
  test('random bytes end a connection or wait for more', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), cuts, (bytes, lengths) => {
        hear(cutInto(Buffer.from(bytes), lengths))
      }),
      { numRuns: RUNS },
    )
  })

  test('random bytes behind a good beginning', () => {
    const behind = fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.uint8Array({ maxLength: 4000 }))
    fc.assert(
      fc.property(behind, (bytes) => {
        const frame = Buffer.concat([Buffer.from('000000010000000100000000', 'hex'), bytes])
        frame.writeInt32BE(bytes.length, 8)
        hear([pingFrame({ serial: 0, handshake: HELLO }), frame])
      }),
      { numRuns: RUNS },
    )
  })

  test('talks with things changed in them, cut anywhere', () => {
    const changes = fc.array(mutation, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(talk, changes, cuts, (each, mutations, lengths) => {
        let bytes: Buffer = talkOf(each)
        for (const change of mutations) if (bytes.length > 0) bytes = mutate(bytes, change)
        hear(cutInto(bytes, lengths))
      }),
      { numRuns: 2 * RUNS },
    )
  })

  test('whole talks, however they are cut', () => {
    fc.assert(
      fc.property(talk, cuts, (each, lengths) => {
        const heard = hear(cutInto(talkOf(each), lengths))
        expect(heard.error).toBeUndefined()
        expect(heard.batches.map(eventsOf)).toEqual(each)
      }),
      { numRuns: RUNS },
    )
  })

  test('a talk of Flume cut in two at every place, and cut off at every place', () => {
    const bytes = Buffer.from(GOLDEN.firstAppend + GOLDEN.laterAppend + GOLDEN.appendBatch, 'hex')
    for (let at = 0; at <= bytes.length; at++) {
      const whole = hear([bytes.subarray(0, at), bytes.subarray(at)])
      expect([whole.error, whole.batches.length], `cut at ${at}`).toEqual([undefined, 3])
      const start = hear([bytes.subarray(0, at)])
      expect(start.error, `cut off at ${at}`).toBeUndefined()
      expect(start.batches.length).toBeLessThanOrEqual(3)
    }
  })

  test('every byte of a talk of Flume with every value', () => {
    const bytes = Buffer.from(GOLDEN.firstAppend + GOLDEN.appendBatch, 'hex')
    for (let at = 0; at < bytes.length; at++) {
      for (let value = 0; value < 256; value++) {
        const changed = Buffer.from(bytes)
        changed[at] = value
        hear([changed])
      }
    }
  })
})

describe('what servers answer', () => {
  const parse = (bytes: Uint8Array): void => {
    const reader = new WireReader(Buffer.from(bytes))
    try {
      readHandshakeResponse(reader)
      readResponse(reader)
    } catch (thrown) {
      expect((thrown as FlumeError).code).toMatch(/^FLM610[12]$/)
    }
  }

  test('random bytes, and answers of Flume with things changed in them', () => {
    const golden = fc.constantFrom(GOLDEN.firstOk, GOLDEN.systemErrorX).map((hex) => hex.slice(24))
    const changed = fc
      .tuple(golden, fc.array(mutation, { maxLength: 4 }))
      .map(([hex, changes]) =>
        changes.reduce<Buffer>((bytes, each) => mutate(bytes, each), Buffer.from(hex, 'hex')),
      )
    fc.assert(fc.property(fc.oneof(fc.uint8Array(), changed), parse), { numRuns: RUNS })
  })
})

describe('bombs', () => {
  const limit = expect.objectContaining({ code: 'FLM6102' })

  /** `events` events, the headers of each as `write` does it. */
  function batchBytes(events: number, write: (writer: WireWriter, i: number) => void): Buffer {
    const writer = new WireWriter(2 ** 16)
    writer.long(events)
    for (let i = 0; i < events; i++) {
      write(writer, i)
      writer.long(0)
    }
    writer.long(0)
    return writer.result()
  }

  const decode =
    (bytes: Buffer, eventsMax = 10_000_000) =>
    () =>
      decodeAppendBatch(new WireReader(bytes), eventsMax)

  test('few bytes that become many values: names on one event each', () => {
    const bytes = batchBytes(1020, (writer, i) => {
      writer.long(1)
      writer.text(`n${i % 1020}`)
      writer.text('')
      writer.long(0)
    })
    // As many columns as names, each as long as the batch.
    expect(decode(bytes)().headers.columns.size).toBe(1020)
    const more = batchBytes(5000, (writer, i) => {
      writer.long(1)
      writer.text(`n${i % 1020}`)
      writer.text('')
      writer.long(0)
    })
    expect(decode(more)).toThrow(limit)
  })

  test('one name many times on one event', () => {
    const bytes = batchBytes(1, (writer) => {
      writer.long(1_000_000)
      for (let k = 0; k < 2_000_000; k++) writer.long(0)
      writer.long(0)
    })
    expect(decode(bytes)).toThrow(limit)
  })

  test('events of two bytes each, more than are allowed', () => {
    const bytes = batchBytes(1_000_000, (writer) => writer.long(0))
    expect(decode(bytes, 100_000)).toThrow(limit)
  })

  test('blocks without end that hold nothing', () => {
    const writer = new WireWriter(2 ** 20)
    for (let k = 0; k < 100_000; k++) for (const each of [1, 0, 0]) writer.long(each)
    expect(decode(writer.result(), 1000)).toThrow(limit)
  })

  test('a frame of very many empty buffers', () => {
    const frames = new FrameReader({ frameBytesMax: FRAME_BYTES_MAX })
    const head = Buffer.alloc(8)
    head.writeInt32BE(FRAME_BUFFERS_MAX, 4)
    frames.push(head)
    expect(frames.next()).toBeUndefined()
    const zeros = Buffer.alloc(CHUNK_BYTES_MAX)
    let whole
    for (let pushed = 0; pushed < 4 * FRAME_BUFFERS_MAX; pushed += zeros.length) {
      frames.push(zeros)
      whole = frames.next()
      expect(frames.bytesHeld).toBeLessThanOrEqual(CHUNK_BYTES_MAX)
    }
    expect(whole?.bytes.length).toBe(0)
  })

  test('metadata with too many entries, and with too many bytes', () => {
    const many = Array.from({ length: METADATA_ENTRIES_MAX + 1 }, (_, i) => [`${i}`, 1] as const)
    for (const entries of [many, [['big', METADATA_BYTES_MAX] as const]]) {
      const metadata = new Map(entries.map(([name, size]) => [name, Buffer.alloc(size)]))
      const frame = appendBatchFrame(batchFrom([]), { serial: 1, handshake: HELLO, metadata })
      expect(hear([frame]).error?.code).toBe('FLM6102')
    }
  })

  test('protocols of any JSON, deep or strange', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), (text) => {
        protocolProblem(text)
      }),
      { numRuns: RUNS },
    )
    const name = fc.constantFrom('append', 'AvroFlumeEvent', '__proto__', 'constructor', 'Status')
    const shape = fc.letrec((tie) => ({
      type: fc.oneof(
        { maxDepth: 4 },
        name,
        fc.record({ type: fc.constantFrom('map', 'array', 'enum', 'record', 'x') }),
        fc.record({ type: tie('type'), values: tie('type'), items: tie('type') }),
      ),
    })).type
    const protocol = fc.record({
      types: fc.array(fc.record({ name, type: shape, fields: fc.array(shape) })),
      messages: fc.dictionary(name, fc.record({ request: fc.array(shape), response: shape })),
    })
    fc.assert(
      fc.property(protocol, (value) => {
        protocolProblem(JSON.stringify(value))
      }),
      { numRuns: RUNS },
    )
    expect(protocolProblem('['.repeat(60_000))).toBeTypeOf('string')
    expect(protocolProblem(`{"messages":${'{"a":'.repeat(10_000)}`)).toBeTypeOf('string')
  })
})
