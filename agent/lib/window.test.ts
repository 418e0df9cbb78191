import { expect, it } from 'vitest'
import { Window } from './window.ts'

it('has room until as many promises are open as it allows', async () => {
  const window = new Window(2, () => {})
  const first = Promise.withResolvers<void>()
  const second = Promise.withResolvers<void>()
  window.add(first.promise)
  await window.room()
  window.add(second.promise)
  const room = window.room()
  const turn = new Promise(setImmediate)
  expect(await Promise.race([room.then(() => 'room'), turn.then(() => 'full')])).toBe('full')
  second.resolve()
  await room
})

it('is empty when all have settled, and reports those that failed', async () => {
  const errors: unknown[] = []
  const window = new Window(2, (error) => errors.push(error))
  window.add(Promise.reject(new Error('x')))
  window.add(Promise.resolve())
  await window.empty()
  expect(errors).toEqual([new Error('x')])
  await window.empty()
})
