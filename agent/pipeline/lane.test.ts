import { expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { streamBatch } from '../../test/sim/flow-parts.ts'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { withoutEvents } from './cut.ts'
import { Emission, stoppingError } from './emission.ts'
import { Lane } from './lane.ts'

const never = new AbortController().signal

test('a lane is broken from the first failure until all that failed is in, in its order', async () => {
  const channel = new ModelChannel(modelStore(), { manual: true })
  const clock = new ManualClock()
  const seen: string[] = []
  const lane = new Lane(channel, {
    clock,
    random: new SeededRandom(1),
    append: (batch, reservation) => channel.append(batch, reservation),
    onBroken: () => seen.push('broken'),
    onHealed: () => seen.push('healed'),
    onUnsafe: () => {},
    onRetry: (error, batches) => seen.push(`${error.code} ${batches}`),
    stopping: () => stoppingError('f', 'in'),
  })
  for (let i = 0; i < 3; i++) {
    const emission = new Emission({ parts: 1, positions: 0, onSettled: () => {} })
    const reservation = await channel.reserve({ events: 1, bytes: 1 }, never)
    lane.append(streamBatch('s', i, [`${i}`]), emission, reservation)
  }
  channel.fail(2)
  channel.commit()
  await turns(2)
  expect(lane.broken).toBe(true)
  for (let i = 0; i < 6; i++) {
    clock.advance(1000)
    await turns(2)
    channel.commit()
  }
  expect(lane.broken).toBe(false)
  expect(channel.store.log).toEqual(['0', '1', '2'])
  expect(seen).toEqual(['broken', 'FLM2201 3', 'FLM2201 3', 'healed'])
})

test('a position alone is on its way until it is durable, although it is accepted at once', async () => {
  const channel = new ModelChannel(modelStore(), { manual: true })
  let unsafe = 0
  const lane = new Lane(channel, {
    clock: new ManualClock(),
    random: new SeededRandom(1),
    append: (batch, reservation) => channel.append(batch, reservation),
    onBroken: () => {},
    onHealed: () => {},
    onUnsafe: (delta) => {
      unsafe += delta
    },
    onRetry: () => {},
    stopping: () => stoppingError('f', 'in'),
  })
  const emission = new Emission({ parts: 0, positions: 1, onSettled: () => {} })
  const reservation = await channel.reserve({ events: 0, bytes: 0 }, never)
  lane.append(withoutEvents(streamBatch('s', 3, ['x'])), emission, reservation)
  await emission.receipt.accepted
  await turns(2)
  expect(unsafe).toBe(1)
  channel.commit()
  await turns(2)
  expect(unsafe).toBe(0)
})
