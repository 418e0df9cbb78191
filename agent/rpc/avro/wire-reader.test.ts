import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

const reader = (hex: string) => new WireReader(Buffer.from(hex, 'hex'))
const badBytes = expect.objectContaining({ code: 'FLM6101' })

const EDGES = [0, -1, 1, 63, -64, 64, -65, 8191, 2 ** 20, 2 ** 27 - 1, 2 ** 27, -(2 ** 27) - 1]
const LARGE = [2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 40 + 1, 2 ** 52 - 1, -(2 ** 52)]

test('numbers that are written are read', () => {
  const numbers = fc.oneof(
    fc.constantFrom(...EDGES, ...LARGE),
    fc.integer(),
    fc.maxSafeNat().map((n) => n >> 1),
  )
  fc.assert(
    fc.property(fc.array(numbers), (values) => {
      const writer = new WireWriter(1)
      for (const value of values) writer.long(value)
      const back = new WireReader(writer.result())
      expect(values.map(() => back.long())).toEqual(values.map((value) => value + 0))
      expect(back.left).toBe(0)
    }),
  )
})

test('numbers of the Avro specification', () => {
  const bytes = { '00': 0, '01': -1, '02': 1, '03': -2, '7f': -64, '8001': 64, '8101': -65 }
  for (const [hex, value] of Object.entries(bytes)) expect(reader(hex).long(), hex).toBe(value)
})

test('a number that is too long, too large or cut short is refused', () => {
  for (const hex of ['', '80', '8080808080', 'ffffffffffffffffff01', '8080808080808080808000'])
    expect(() => reader(hex).long(), hex).toThrow(badBytes)
})

test('a length is believed only if the bytes are there', () => {
  expect(reader('0478').at).toBe(0)
  expect(() => reader('0478').text()).toThrow(badBytes)
  expect(() => reader('01').length()).toThrow(badBytes)
  expect(reader('047879').text()).toBe('xy')
})

test('the size of a block that Avro writes before it is passed over', () => {
  const block = reader('03026162')
  expect(block.blockCount()).toBe(2)
  expect(block.at).toBe(2)
})

test('a boolean is 0 or 1 and an index below its count', () => {
  expect([reader('00').boolean(), reader('01').boolean()]).toEqual([false, true])
  expect(() => reader('02').boolean()).toThrow(badBytes)
  expect(reader('04').index(3)).toBe(2)
  expect(() => reader('06').index(3)).toThrow(badBytes)
  expect(() => reader('01').index(3)).toThrow(badBytes)
})

test('bytes that are no UTF-8 become text all the same, as in Java', () => {
  expect(reader('04ff61').text()).toBe('\ufffda')
})
