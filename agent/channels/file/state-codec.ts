import { SenderRanges } from '../../core/sender-ranges.ts'
import { ByteReader, ByteWriter } from '../../lib/bytes.ts'
import { decodePosition, encodePosition } from './batch-codec.ts'
import type { StreamPosition } from './batch-codec.ts'
import { ChannelState } from './state.ts'
import type { Acknowledgement, SealedSegment } from './state.ts'

/** Bodies of ACK and CHECKPOINT records (FORMAT.md). Pure. */

export interface Checkpoint {
  readonly state: ChannelState
  /** The segments before this one that are still there, oldest first. */
  readonly segments: readonly SealedSegment[]
}

export function encodeAcknowledgement(ack: Acknowledgement): Buffer {
  const writer = new ByteWriter()
  writer.f64(ack.lostEvents)
  writer.f64(ack.quarantinedRecords)
  writeRanges(writer, ack.ranges)
  writeStates(writer, ack.sinkStates)
  writePositions(writer, ack.positions)
  return writer.result()
}

export function decodeAcknowledgement(body: Buffer): Acknowledgement {
  const reader = new ByteReader(body)
  return {
    lostEvents: reader.f64(),
    quarantinedRecords: reader.f64(),
    ranges: readRanges(reader),
    sinkStates: readStates(reader),
    positions: readPositions(reader),
  }
}

export function encodeCheckpoint(checkpoint: Checkpoint): Buffer {
  const { state, segments } = checkpoint
  const writer = new ByteWriter(4096)
  writer.f64(state.lostEvents)
  writer.f64(state.quarantinedRecords)
  writer.u64(state.nextSequence)
  writer.u64(state.floor)
  writeRanges(writer, state.acknowledged.ranges())
  writer.u32(segments.length)
  for (const segment of segments) {
    writer.u64(segment.number)
    writer.u64(segment.firstSequence)
    writer.u64(segment.endSequence)
    writer.u64(segment.endOffset)
    writer.f64(segment.payloadBytes)
    writer.f64(segment.firstAppendedAtMs)
  }
  writeStates(writer, state.sinkStates)
  const positions: StreamPosition[] = []
  for (const [stream, position] of state.positions.entries())
    positions.push({ stream, ...position })
  writePositions(writer, positions)
  writeSenders(writer, state)
  return writer.result()
}

export function decodeCheckpoint(body: Buffer, positionsBytesMax: number): Checkpoint {
  const reader = new ByteReader(body)
  const state = new ChannelState(positionsBytesMax)
  state.lostEvents = reader.f64()
  state.quarantinedRecords = reader.f64()
  state.nextSequence = reader.u64()
  state.floor = reader.u64()
  for (const range of readRanges(reader)) state.acknowledged.add(range.from, range.to)
  const segments: SealedSegment[] = []
  for (let n = reader.u32(); n > 0; n--) {
    segments.push({
      number: reader.u64(),
      firstSequence: reader.u64(),
      endSequence: reader.u64(),
      endOffset: reader.u64(),
      payloadBytes: reader.f64(),
      firstAppendedAtMs: reader.f64(),
    })
  }
  for (const [sink, bytes] of readStates(reader)) state.sinkStates.set(sink, bytes)
  for (const { stream, ...position } of readPositions(reader)) state.positions.set(stream, position)
  readSenders(reader, state)
  return { state, segments }
}

function writeRanges(
  writer: ByteWriter,
  ranges: readonly { readonly from: number; readonly to: number }[],
): void {
  writer.u32(ranges.length)
  for (const range of ranges) {
    writer.u64(range.from)
    writer.u64(range.to - range.from)
  }
}

function readRanges(reader: ByteReader): { from: number; to: number }[] {
  const ranges: { from: number; to: number }[] = []
  for (let n = reader.u32(); n > 0; n--) {
    const from = reader.u64()
    ranges.push({ from, to: from + reader.u64() })
  }
  return ranges
}

function writeStates(writer: ByteWriter, states: ReadonlyMap<string, Buffer>): void {
  writer.u32(states.size)
  for (const [sink, bytes] of states) {
    writer.name(sink)
    writer.u32(bytes.length)
    writer.bytes(bytes)
  }
}

function readStates(reader: ByteReader): Map<string, Buffer> {
  const states = new Map<string, Buffer>()
  for (let n = reader.u32(); n > 0; n--) {
    states.set(reader.name(), Buffer.from(reader.bytes(reader.u32())))
  }
  return states
}

function writePositions(writer: ByteWriter, positions: readonly StreamPosition[]): void {
  writer.u32(positions.length)
  for (const position of positions) encodePosition(writer, position)
}

function readPositions(reader: ByteReader): StreamPosition[] {
  const positions: StreamPosition[] = []
  for (let n = reader.u32(); n > 0; n--) positions.push(decodePosition(reader))
  return positions
}

function writeSenders(writer: ByteWriter, { senders }: ChannelState): void {
  writer.u32(senders.size)
  for (const [stream, { floor, routing, runs }] of senders.entries()) {
    writer.name(stream)
    writer.u64(floor)
    writer.name(routing)
    writeRanges(writer, runs)
  }
}

function readSenders(reader: ByteReader, { senders }: ChannelState): void {
  for (let n = reader.u32(); n > 0; n--) {
    const stream = reader.name()
    const range = { floor: reader.u64(), routing: reader.name() }
    senders.set(stream, SenderRanges.of(range, readRanges(reader)))
  }
}
