import type { FileChannelConfig } from './config.ts'
import { HEADER_BYTES, RECORD_HEADER_BYTES } from './format.ts'

/** The sizes and delays of one channel, all derived from its configuration. Bytes and milliseconds. */
export interface FileChannelOptions {
  readonly capacityBytes: number
  readonly capacityEvents: number | undefined
  readonly segmentBytes: number
  /** Most bytes of the bodies of one batch. */
  readonly batchBytesMax: number
  /** Most bytes of a record, headers of events included; above it a batch is refused. */
  readonly recordBytesMax: number
  /** Size of one reserve file; there are RESERVE_FILES of them. */
  readonly reserveFileBytes: number
  readonly positionsBytesMax: number
  readonly cacheBytesMax: number
  readonly groupBytesMax: number
  /** Most bytes appended and not yet committed; `reserve` waits above it. */
  readonly pendingBytesMax: number
  readonly readBytes: number
  readonly ackDelayMs: number
  readonly retryDelayMs: number
  readonly quarantineBytesMax: number
}

const MI = 2 ** 20
const SEGMENT_BYTES_DEFAULT = 64 * MI
const RESERVE_BYTES_MIN = 4 * MI
const RESERVE_RATIO = 0.02
/** Above this a larger reserve buys nothing: it takes checkpoints and acknowledgements, not events. */
const RESERVE_BYTES_MAX = 32 * MI
/** What a record leaves for bodies: the rest is for ends, headers and position. */
const BATCH_RATIO = 0.75
/** Two newest segments are kept and a restart on a full disk needs one more: see FORMAT.md. */
export const RESERVE_FILES = 3

export function fileChannelOptions(config: FileChannelConfig): FileChannelOptions {
  const capacityBytes = config.capacity
  const segmentBytes =
    config.segmentSize ?? Math.min(SEGMENT_BYTES_DEFAULT, Math.floor(capacityBytes / 8))
  const recordBytesUsual = Math.min(
    4 * MI,
    Math.floor((segmentBytes - HEADER_BYTES - RECORD_HEADER_BYTES) / 4),
  )
  const reserveBytes = Math.max(
    Math.min(RESERVE_BYTES_MIN, Math.floor(capacityBytes / 8)),
    Math.min(RESERVE_BYTES_MAX, capacityBytes * RESERVE_RATIO),
  )
  const reserveFileBytes = align(Math.ceil(reserveBytes / RESERVE_FILES))
  return {
    capacityBytes,
    capacityEvents: config.capacityEvents,
    segmentBytes,
    batchBytesMax: Math.floor(recordBytesUsual * BATCH_RATIO),
    recordBytesMax: Math.floor(segmentBytes / 2),
    reserveFileBytes,
    // A CHECKPOINT, and acknowledgements behind it, must fit into a reserve file.
    positionsBytesMax: Math.min(Math.floor(segmentBytes / 16), Math.floor(reserveFileBytes / 2)),
    cacheBytesMax: Math.min(32 * MI, capacityBytes),
    groupBytesMax: 8 * MI,
    pendingBytesMax: 16 * MI,
    readBytes: MI,
    ackDelayMs: 100,
    retryDelayMs: 1000,
    quarantineBytesMax: 64 * MI,
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / 4096) * 4096
}
