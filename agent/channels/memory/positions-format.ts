import { crc32 } from 'node:zlib'
import type { Position } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'

/**
 * The format of `positions.log`, the only file of a memory channel. Little-endian.
 *
 *   file    "FLUMEPL" and a version byte, then records
 *   record  magic FF 50 4C FF · CRC-32 of what follows · body length · body
 *   body    JSON, UTF-8: {"positions": {stream: [offset, routing, memo]}, "sinks": {name: base64}}
 *
 * A record holds what changed with a group of acknowledgements: values, not differences, so that a
 * record that is lost to corruption is made good by any later one. UTF-8 never contains FF: a magic
 * in the file is the start of a record or damage, never a body.
 */
export const FILE_HEADER = Buffer.from('FLUMEPL\x01', 'latin1')
const VERSION_AT = 7
const MAGIC = Buffer.from([0xff, 0x50, 0x4c, 0xff])
const CRC_AT = 4
const LENGTH_AT = 8
const BODY_AT = 12

export interface PositionsChange {
  readonly positions?: ReadonlyMap<string, Position>
  readonly sinkStates?: ReadonlyMap<string, Buffer>
}

export interface PositionsRead {
  readonly changes: readonly PositionsChange[]
  /** Where the next record goes: everything behind is a torn tail. */
  readonly end: number
  /** Damaged places with valid records behind them. */
  readonly quarantined: number
}

interface Body {
  readonly positions?: Readonly<Record<string, readonly [number, string, string]>>
  readonly sinks?: Readonly<Record<string, string>>
}

export function encodeChange(change: PositionsChange): Buffer {
  const positions = Array.from(
    change.positions ?? [],
    ([stream, { offset, routing, memo }]) => [stream, [offset, routing, memo]] as const,
  )
  const sinks = Array.from(
    change.sinkStates ?? [],
    ([name, state]) => [name, state.toString('base64')] as const,
  )
  const body = JSON.stringify({
    ...(positions.length === 0 ? {} : { positions: Object.fromEntries(positions) }),
    ...(sinks.length === 0 ? {} : { sinks: Object.fromEntries(sinks) }),
  })
  const record = Buffer.allocUnsafe(BODY_AT + Buffer.byteLength(body))
  MAGIC.copy(record)
  record.writeUInt32LE(record.length - BODY_AT, LENGTH_AT)
  record.write(body, BODY_AT)
  record.writeUInt32LE(crc32(record.subarray(LENGTH_AT)), CRC_AT)
  return record
}

/** Reads a whole file. Throws FLM2103 for a newer version. */
export function decodeChanges(file: Buffer, path: string): PositionsRead {
  if (file.length < FILE_HEADER.length) return { changes: [], end: 0, quarantined: 0 }
  const magic = FILE_HEADER.subarray(0, VERSION_AT)
  const version = file[VERSION_AT]!
  if (file.subarray(0, VERSION_AT).equals(magic) && version > FILE_HEADER[VERSION_AT]!)
    throw newerVersion(path, version)
  const changes: PositionsChange[] = []
  let quarantined = 0
  let end = FILE_HEADER.length
  for (let at = end; at < file.length;) {
    const length = recordLength(file, at)
    if (length === undefined) {
      const next = file.indexOf(MAGIC, at + 1)
      at = next === -1 ? file.length : next
      continue
    }
    if (at > end) quarantined++
    changes.push(decodeBody(file.toString('utf8', at + BODY_AT, at + length)))
    at += length
    end = at
  }
  return { changes, end, quarantined }
}

/** Length of the valid record at `at`, undefined when there is none. */
function recordLength(file: Buffer, at: number): number | undefined {
  if (at + BODY_AT > file.length || !file.subarray(at, at + MAGIC.length).equals(MAGIC))
    return undefined
  const length = BODY_AT + file.readUInt32LE(at + LENGTH_AT)
  if (at + length > file.length) return undefined
  const crc = crc32(file.subarray(at + LENGTH_AT, at + length))
  return crc === file.readUInt32LE(at + CRC_AT) ? length : undefined
}

function decodeBody(text: string): PositionsChange {
  const { positions = {}, sinks = {} } = JSON.parse(text) as Body
  return {
    positions: new Map(
      Object.entries(positions).map(([stream, [offset, routing, memo]]) => [
        stream,
        { offset, routing, memo },
      ]),
    ),
    sinkStates: new Map(
      Object.entries(sinks).map(([name, state]) => [name, Buffer.from(state, 'base64')]),
    ),
  }
}

function newerVersion(path: string, version: number): FlumeError {
  return new FlumeError(
    'FLM2103',
    `${path} has format version ${version}, this program reads ${FILE_HEADER[VERSION_AT]}; run the newer program, or remove the file to start from the beginning`,
    { retryable: false, facts: { path, version } },
  )
}
