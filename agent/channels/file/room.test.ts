import { expect, test } from 'vitest'
import { Room } from './room.ts'

const never = new AbortController().signal

function room(capacity: number) {
  const used = { bytes: 0 }
  return {
    used,
    room: new Room((held, need) => used.bytes + held.bytes + need.bytes <= capacity),
  }
}

test('room is granted in the order of the requests: a small one does not overtake a large one', async () => {
  const { room: one } = room(10)
  const first = await one.reserve({ bytes: 8, events: 1 }, never)
  const order: string[] = []
  const large = one.reserve({ bytes: 9, events: 1 }, never).then((held) => {
    order.push('large')
    return held
  })
  const small = one.reserve({ bytes: 1, events: 1 }, never).then((held) => {
    order.push('small')
    return held
  })
  expect(one.waiting).toBe(2)
  first.release()
  ;(await large).release()
  await small
  expect(order).toStrictEqual(['large', 'small'])
})

test('a request that is given up lets those behind it go on', async () => {
  const { room: one } = room(10)
  await one.reserve({ bytes: 8, events: 1 }, never)
  const giveUp = new AbortController()
  const large = one.reserve({ bytes: 9, events: 1 }, giveUp.signal)
  const small = one.reserve({ bytes: 2, events: 1 }, never)
  giveUp.abort(new Error('no longer'))
  await expect(large).rejects.toThrow('no longer')
  await small
})

test('room is given back once, and not at all when the append took it over', async () => {
  const { room: one } = room(10)
  const held = await one.reserve({ bytes: 4, events: 1 }, never)
  held.release()
  held.release()
  expect(one.heldBytes).toBe(0)
  const taken = await one.reserve({ bytes: 4, events: 1 }, never)
  taken.consume()
  taken.release()
  expect(one.heldBytes).toBe(4)
  one.giveBack(taken)
  expect(one.heldBytes).toBe(0)
})

test('those who wait hear when the channel closes', async () => {
  const { room: one } = room(1)
  const waiting = one.reserve({ bytes: 2, events: 1 }, never)
  one.refuse(new Error('closed'))
  await expect(waiting).rejects.toThrow('closed')
})
