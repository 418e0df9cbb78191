/**
 * Requests of Flume's Avro RPC, encoded by themselves: the load must not be made by the code that is
 * measured with it, and a wrong codec must not agree with itself.
 */
const PROTOCOL_HASH = Buffer.from('86aadae2c45474c0fe93ffd0f2350a65', 'hex')
/** Hash, no protocol text, hash, no metadata. */
const HANDSHAKE = Buffer.concat([
  PROTOCOL_HASH,
  Buffer.from([0]),
  PROTOCOL_HASH,
  Buffer.from([2, 0]),
])
/** Serial, number of buffers, length of the only one. */
const FRAME_HEAD_BYTES = 12

export interface WireEvent {
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Uint8Array
}

/** A zigzag varint, as Avro writes a long. */
export function varint(value: number): Buffer {
  const bytes: number[] = []
  // Lengths and counts alone are written here: never negative, and below 2^31.
  let left = value * 2
  while (left > 0x7f) {
    bytes.push((left % 0x80) | 0x80)
    left = Math.floor(left / 0x80)
  }
  bytes.push(left)
  return Buffer.from(bytes)
}

/** `append` of one event, `appendBatch` of several; the first request of a connection shakes hands. */
export function requestFrame(
  serial: number,
  events: readonly WireEvent[],
  call: { readonly first: boolean; readonly single?: boolean },
): Buffer {
  const params =
    call.single === true
      ? [text('append'), ...eventParts(events[0]!)]
      : [
          text('appendBatch'),
          varint(events.length),
          ...events.flatMap((event) => eventParts(event)),
          varint(0),
        ]
  const parts = [...(call.first ? [HANDSHAKE] : []), Buffer.from([0]), ...params]
  const head = Buffer.alloc(FRAME_HEAD_BYTES)
  head.writeInt32BE(serial, 0)
  head.writeInt32BE(1, 4)
  head.writeInt32BE(
    parts.reduce((bytes, part) => bytes + part.length, 0),
    8,
  )
  return Buffer.concat([head, ...parts])
}

function eventParts({ headers, body }: WireEvent): Uint8Array[] {
  const map =
    headers.length === 0
      ? []
      : [varint(headers.length), ...headers.flatMap(([name, value]) => [text(name), text(value)])]
  return [...map, varint(0), varint(body.length), body]
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  return Buffer.concat([varint(bytes.length), bytes])
}

/** Takes answers out of a stream of bytes, however it is cut. */
export class AnswerReader {
  #rest: Buffer = Buffer.alloc(0)

  /** The serials of the answers that are complete now. Throws when one is not OK. */
  take(chunk: Buffer): number[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk])
    const serials: number[] = []
    let at = 0
    for (;;) {
      const end = endOfFrame(bytes, at)
      if (end === undefined) break
      const serial = bytes.readInt32BE(at)
      // Behind an optional handshake and the metadata: no error, and the index of OK.
      const tail = lastBytes(bytes, at, end)
      if (tail[0] !== 0 || tail[1] !== 0) throw new Error(`request ${serial} was not answered OK`)
      serials.push(serial)
      at = end
    }
    this.#rest = bytes.subarray(at)
    return serials
  }
}

function endOfFrame(bytes: Buffer, from: number): number | undefined {
  if (bytes.length < from + 8) return undefined
  let at = from + 8
  for (let left = bytes.readInt32BE(from + 4); left > 0; left--) {
    if (bytes.length < at + 4) return undefined
    at += 4 + bytes.readInt32BE(at)
  }
  return bytes.length < at ? undefined : at
}

/** The last two bytes of the payload, which its buffers may share out in any way. */
function lastBytes(bytes: Buffer, from: number, end: number): number[] {
  const payload: number[] = []
  let at = from + 8
  while (at < end) {
    const length = bytes.readInt32BE(at)
    payload.push(...bytes.subarray(Math.max(at + 4, at + 4 + length - 2), at + 4 + length))
    at += 4 + length
  }
  return payload.slice(-2)
}
