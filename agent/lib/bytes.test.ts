import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteReader, ByteWriter } from './bytes.ts'

const value = fc.oneof(
  fc.record({ kind: fc.constant('u16' as const), value: fc.nat(0xffff) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.nat(0xffffffff) }),
  fc.record({ kind: fc.constant('u64' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('f64' as const), value: fc.double({ noNaN: true }) }),
  fc.record({ kind: fc.constant('name' as const), value: fc.string({ unit: 'binary' }) }),
  fc.record({ kind: fc.constant('text' as const), value: fc.string({ unit: 'binary' }) }),
)

test('what is written is read back, whatever the first size of the buffer', () => {
  fc.assert(
    fc.property(fc.array(value), fc.nat(64), (values, bytesHint) => {
      const writer = new ByteWriter(bytesHint)
      for (const each of values) (writer[each.kind] as (value: unknown) => void)(each.value)
      const reader = new ByteReader(Buffer.from(writer.result()))
      for (const each of values) expect(reader[each.kind]()).toStrictEqual(each.value)
      expect(reader.at).toBe(writer.length)
    }),
  )
})

test('bytes come back as they were', () => {
  const writer = new ByteWriter(1)
  writer.bytes(Buffer.from('abc'))
  writer.bytes(Buffer.from('defg'))
  const reader = new ByteReader(writer.result())
  expect(reader.bytes(7).toString()).toBe('abcdefg')
})

test('reading past the end throws instead of giving less', () => {
  const writer = new ByteWriter()
  writer.u32(1000)
  expect(() => new ByteReader(writer.result()).text()).toThrow(RangeError)
  expect(() => new ByteReader(Buffer.alloc(3)).u32()).toThrow(RangeError)
})

test('a name above 65,535 bytes is refused', () => {
  expect(() => new ByteWriter().name('x'.repeat(65_536))).toThrow(RangeError)
})
