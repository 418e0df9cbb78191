import type { Batch } from '../../core/batch.ts'
import { EventsEncoder } from './encode-events.ts'
import { FRAME_HEAD_BYTES, writeFrameHead } from './frame-writer.ts'
import type { Metadata } from './metadata.ts'
import { NO_METADATA, readMetadata, writeMetadata } from './metadata.ts'
import type { WireReader } from './wire-reader.ts'
import { WireWriter, writeLong } from './wire-writer.ts'

/**
 *   request = [HandshakeRequest] meta: map<bytes>, message: string, parameters
 *
 * An empty message name is a ping: it is there for the handshake alone.
 */
export interface CallHead {
  readonly metadata: Metadata
  readonly message: string
}

export const PING = ''

export interface RequestOptions {
  readonly serial: number
  /** For the first request of a connection: handshakeRequestBytes(…). */
  readonly handshake?: Buffer
  readonly metadata?: Metadata
  /** Gives the memory for the frame, which is a view of its start. Default: allocates it. */
  readonly allocate?: (bytesMax: number) => Buffer
}

/** Meta and message name; the parameters follow, see decode-events.ts. Throws FLM6101 and FLM6102. */
export function readCallHead(reader: WireReader): CallHead {
  return { metadata: readMetadata(reader), message: reader.text() }
}

/** A frame that appends all events of a batch. */
export function appendBatchFrame(batch: Batch, options: RequestOptions): Buffer {
  const events = new EventsEncoder(batch)
  return requestFrame('appendBatch', options, {
    bytesMax: events.bytesMax,
    write: (into, at) => events.writeArray(into, at),
  })
}

/** A frame that appends the events of several batches: an array with a block for each. */
export function appendBatchesFrame(batches: readonly Batch[], options: RequestOptions): Buffer {
  const blocks = batches.filter(({ count }) => count > 0)
  const encoders = blocks.map((batch) => new EventsEncoder(batch))
  return requestFrame('appendBatch', options, {
    bytesMax: encoders.reduce((sum, each) => sum + each.bytesMax, 1),
    write: (into, at) => {
      for (const [i, each] of encoders.entries())
        at = each.write(into, writeLong(into, at, blocks[i]!.count))
      return writeLong(into, at, 0)
    },
  })
}

/** A frame that appends the one event of a batch. */
export function appendFrame(batch: Batch, options: RequestOptions): Buffer {
  const event = new EventsEncoder(batch)
  return requestFrame('append', options, {
    bytesMax: event.bytesMax,
    write: (into, at) => event.write(into, at),
  })
}

export function pingFrame(options: RequestOptions): Buffer {
  return requestFrame(PING, options, { bytesMax: 0, write: (_, at) => at })
}

interface Parameters {
  readonly bytesMax: number
  write(into: Buffer, at: number): number
}

function requestFrame(message: string, options: RequestOptions, parameters: Parameters): Buffer {
  const writer = new WireWriter()
  if (options.handshake !== undefined) writer.fixed(options.handshake)
  writeMetadata(writer, options.metadata ?? NO_METADATA)
  writer.text(message)
  const head = writer.result()
  const bytesMax = FRAME_HEAD_BYTES + head.length + parameters.bytesMax
  const frame = options.allocate?.(bytesMax) ?? Buffer.allocUnsafeSlow(bytesMax)
  head.copy(frame, FRAME_HEAD_BYTES)
  const end = parameters.write(frame, FRAME_HEAD_BYTES + head.length)
  const used = frame.subarray(0, end)
  writeFrameHead(used, options.serial)
  return used
}
