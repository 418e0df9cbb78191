import { expect, test } from 'vitest'
import { batchFrom, eventsOf } from '../../../test/avro/batches.ts'
import { GOLDEN } from '../../../test/avro/golden.ts'
import { decodeWithAvsc } from '../../../test/avro/peer.ts'
import { decodeAppendBatch } from './decode-events.ts'
import { FrameReader } from './frame-reader.ts'
import { handshakeRequestBytes, readHandshakeRequest } from './handshake.ts'
import { PROTOCOL_HASH } from './protocol.ts'
import {
  appendBatchFrame,
  appendBatchesFrame,
  appendFrame,
  pingFrame,
  readCallHead,
} from './request.ts'
import { WireReader } from './wire-reader.ts'

const EVENT = { headers: { k: 'v' }, body: 'hi' }
const EMPTY = { headers: {}, body: '' }

const handshake = handshakeRequestBytes({
  clientHash: PROTOCOL_HASH,
  clientProtocol: undefined,
  serverHash: PROTOCOL_HASH,
  meta: new Map(),
})

function messageOf(frame: Buffer): WireReader {
  const frames = new FrameReader({ frameBytesMax: 2 ** 20 })
  frames.push(frame)
  return new WireReader(frames.next()!.bytes)
}

test('requests as Flume sends them, byte by byte', () => {
  const one = batchFrom([EVENT])
  expect(appendFrame(one, { serial: 1, handshake }).toString('hex')).toBe(GOLDEN.firstAppend)
  expect(appendFrame(one, { serial: 2 }).toString('hex')).toBe(GOLDEN.laterAppend)
  const two = batchFrom([EVENT, EMPTY])
  expect(appendBatchFrame(two, { serial: 3 }).toString('hex')).toBe(GOLDEN.appendBatch)
})

test('a request with metadata is read as it was written', () => {
  const metadata = new Map([['flume.stream', Buffer.from('c1/7')]])
  const events = [EVENT, EMPTY, EVENT]
  const frame = appendBatchFrame(batchFrom(events, 1), { serial: 9, handshake, metadata })
  const reader = messageOf(frame)
  expect(readHandshakeRequest(reader).clientHash).toEqual(PROTOCOL_HASH)
  expect(readCallHead(reader)).toEqual({ metadata, message: 'appendBatch' })
  expect(eventsOf(decodeAppendBatch(reader, 10))).toEqual(events)
})

test('the ping of avsc is read, and ours is like it', () => {
  const reader = messageOf(Buffer.from(GOLDEN.avscPing, 'hex'))
  readHandshakeRequest(reader)
  expect(readCallHead(reader).message).toBe('')
  const ours = messageOf(pingFrame({ serial: 0, handshake }))
  readHandshakeRequest(ours)
  expect(readCallHead(ours)).toEqual({ metadata: new Map(), message: '' })
  expect(ours.left).toBe(0)
})

test('several batches travel in one request, each in a block of its own', () => {
  const batches = [batchFrom([EVENT, EMPTY], 1), batchFrom([]), batchFrom([EVENT])]
  const reader = messageOf(appendBatchesFrame(batches, { serial: 1 }))
  expect(readCallHead(reader).message).toBe('appendBatch')
  expect(decodeWithAvsc(reader.bytes.subarray(reader.at))).toEqual([EVENT, EMPTY, EVENT])
  expect(eventsOf(decodeAppendBatch(reader, 3))).toEqual([EVENT, EMPTY, EVENT])
})
