import { expect, it } from 'vitest'
import { FlumeError } from '../../core/errors.ts'
import { Room } from './room.ts'

const never = new AbortController().signal

it('gives room in events and in bytes', async () => {
  const room = new Room({ events: 2, bytes: 10 })
  const held = await room.reserve({ events: 1, bytes: 8 }, never)
  const byBytes = room.reserve({ events: 1, bytes: 3 }, never)
  expect(room.full).toBe(true)
  held.release()
  await byBytes
  const byEvents = room.reserve({ events: 2, bytes: 1 }, never)
  expect(room.full).toBe(true)
  ;(await byBytes).release()
  await byEvents
  expect(room.full).toBe(false)
})

it('goes on to the next writer when the first gives up', async () => {
  const room = new Room({ events: 3, bytes: 10 })
  room.use({ events: 2, bytes: 0 })
  const ending = new AbortController()
  const large = room.reserve({ events: 2, bytes: 1 }, ending.signal)
  const small = room.reserve({ events: 1, bytes: 1 }, never)
  ending.abort(new Error('stop'))
  await expect(large).rejects.toThrow('stop')
  await small
})

it('names both capacities when a batch can never fit', async () => {
  const room = new Room({ events: 2, bytes: 10 })
  await expect(room.reserve({ events: 3, bytes: 1 }, never)).rejects.toThrow(
    'a batch of 3 events and 1 bytes does not fit into a memory channel of 2 events and 10 bytes',
  )
})

it('refuses everybody once it is closed', async () => {
  const room = new Room({ events: 1, bytes: 1 })
  room.use({ events: 1, bytes: 1 })
  const waiting = room.reserve({ events: 1, bytes: 1 }, never)
  const error = new FlumeError('FLM2204', 'closed', { retryable: true })
  room.close(error)
  await expect(waiting).rejects.toBe(error)
  await expect(room.reserve({ events: 0, bytes: 0 }, never)).rejects.toBe(error)
})
