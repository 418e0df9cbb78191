import { expect, test } from 'vitest'
import { WireReader } from './wire-reader.ts'
import { WireWriter, longBytes, writeLong } from './wire-writer.ts'

test('the buffer grows while it is written', () => {
  const writer = new WireWriter(1)
  writer.boolean(true)
  writer.text('héllo')
  writer.blob(Buffer.alloc(500, 'b'))
  writer.fixed(Buffer.from('raw'))
  writer.long(-300)
  const reader = new WireReader(writer.result())
  expect(reader.boolean()).toBe(true)
  expect(reader.text()).toBe('héllo')
  expect(reader.blob().length).toBe(500)
  expect(reader.fixed(3).toString()).toBe('raw')
  expect(reader.long()).toBe(-300)
  expect(reader.left).toBe(0)
  expect(writer.length).toBe(reader.at)
})

test('the size of a number is known before it is written', () => {
  const into = Buffer.alloc(10)
  for (const value of [0, 63, 64, -64, -65, 2 ** 31, -(2 ** 52)])
    expect(writeLong(into, 0, value), String(value)).toBe(longBytes(value))
})
