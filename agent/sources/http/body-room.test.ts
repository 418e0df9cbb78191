import { expect, it } from 'vitest'
import { BodyRoom } from './body-room.ts'

it('gives room up to its bound, and again what came back', () => {
  const room = new BodyRoom(10)
  expect(room.take(6)).toBe(true)
  expect(room.take(5)).toBe(false)
  expect(room.bytes).toBe(6)
  expect(room.take(4)).toBe(true)
  room.giveBack(6)
  expect(room.take(6)).toBe(true)
  expect(room.bytes).toBe(10)
})
