import type { FileChannelConfig } from './config.ts'
import { HEADER_BYTES, RECORD_HEADER_BYTES } from './format.ts'

/** The sizes and delays of one channel, all derived from its configuration. Bytes and milliseconds. */
export interface FileChannelOptions {
  readonly capacityBytes: number
  readonly capacityEvents: number | undefined
  readonly segmentBytes: number
  /** Most bytes of one batch; a record of it is below a quarter of a segment. */
  readonly batchBytesMax: number
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
/** What a record leaves for bodies: the rest is for ends, headers and position. */
const BATCH_RATIO = 0.75
/** Two newest segments are kept and a restart on a full disk needs one more: see FORMAT.md. */
export const RESERVE_FILES = 3

export function fileChannelOptions(config: FileChannelConfig): FileChannelOptions {
  const capacityBytes = config.capacity
  const segmentBytes =
    config.segmentSize ?? Math.min(SEGMENT_BYTES_DEFAULT, Math.floor(capacityBytes / 8))
  const recordBytesMax = Math.min(
    4 * MI,
    Math.floor((segmentBytes - HEADER_BYTES - RECORD_HEADER_BYTES) / 4),
  )
  const reserveBytes = Math.max(
    Math.min(RESERVE_BYTES_MIN, Math.floor(capacityBytes / 8)),
    capacityBytes * RESERVE_RATIO,
  )
  return {
    capacityBytes,
    capacityEvents: config.capacityEvents,
    segmentBytes,
    batchBytesMax: Math.floor(recordBytesMax * BATCH_RATIO),
    reserveFileBytes: align(Math.ceil(reserveBytes / RESERVE_FILES)),
    positionsBytesMax: Math.floor(segmentBytes / 16),
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
