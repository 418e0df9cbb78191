import * as fc from 'fast-check'

/** What went wrong with bytes on their way, or was made wrong on purpose. */
export type Mutation =
  | { readonly kind: 'set'; readonly at: number; readonly value: number }
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'delete'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'int'; readonly at: number; readonly value: number }

const at = fc.double({ min: 0, max: 1, noNaN: true })

/** Lengths and counts that parsers stumble over, as int32 and as varints. */
const INTS = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 65_536, 65_537, 2 ** 24, 2 ** 24 + 1]
const VARINTS = ['ffffffff0f', 'feffffff0f', 'feffffffffffffffff01', '8080808080808080808001', '01']

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), at, value: fc.nat(255) }),
  fc.record({ kind: fc.constant('flip' as const), at, bit: fc.nat(7) }),
  fc.record({ kind: fc.constant('delete' as const), at, count: fc.integer({ min: 1, max: 20 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at,
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 8 }),
      fc.constantFrom(...VARINTS.map((hex) => Buffer.from(hex, 'hex'))),
    ),
  }),
  fc.record({ kind: fc.constant('int' as const), at, value: fc.constantFrom(...INTS) }),
)

/** A copy of the bytes with one thing changed; `at` is the place as a fraction of their length. */
export function mutate(bytes: Buffer, change: Mutation): Buffer {
  const copy = Buffer.from(bytes)
  const place = Math.min(bytes.length - 1, Math.floor(change.at * bytes.length))
  switch (change.kind) {
    case 'set':
      copy[place] = change.value
      break
    case 'flip':
      copy[place]! ^= 1 << change.bit
      break
    case 'delete':
      return Buffer.concat([copy.subarray(0, place), copy.subarray(place + change.count)])
    case 'insert':
      return Buffer.concat([copy.subarray(0, place), change.bytes, copy.subarray(place)])
    case 'int':
      if (place + 4 <= copy.length) copy.writeInt32BE(change.value, place)
      break
  }
  return copy
}

/** Pieces of the lengths given, which are used again when they run out. */
export function cutInto(bytes: Buffer, lengths: readonly number[]): Buffer[] {
  const pieces: Buffer[] = []
  for (let start = 0, k = 0; start < bytes.length; k++) {
    const length = lengths[k % lengths.length]!
    pieces.push(bytes.subarray(start, start + length))
    start += length
  }
  return pieces
}
