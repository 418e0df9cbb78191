import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { turns } from '../../test/sim/clock.ts'
import { testContext } from '../../test/sim/test-context.ts'
import type { ModelChannel, ModelOptions } from '../../test/sim/model-channel.ts'
import type { Batch } from '../core/batch.ts'
import { ChannelRunner } from './channel-runner.ts'
import { DeadLetters } from './dead-letters.ts'

async function harness(config: ModelOptions = {}) {
  const { context, clock } = testContext()
  const runner = new ChannelRunner({ name: 'd', type: 'model', config }, context)
  runner.open()
  const channel = (await runner.whenOpen())! as ModelChannel
  const stopping = new AbortController()
  const target: { runner: ChannelRunner | undefined } = { runner }
  const letters = (sink: string, from = 'c') =>
    new DeadLetters({
      context,
      sink,
      from,
      channel: () => target.runner,
      stopping: stopping.signal,
    })
  return { clock, channel, stopping, target, letters }
}

/** Events as a lease has them. */
function leased(first: number, bodies: readonly string[], floor = 0): Batch {
  return { ...streamBatch('s', 0, bodies), origin: undefined, ids: { stream: 'e1', first, floor } }
}

const from = (batch: Batch) => [{ batch, reason: 'bad', component: 'sink out', attempts: 1 }]

describe('dead letters of a sink', () => {
  test('come with the ids they had, and once, whichever sink hands them over', async () => {
    const { letters, channel } = await harness()
    await letters('out').add(from(leased(7, ['a', 'b'])))
    await letters('other').add(from(leased(8, ['b', 'c'])))
    expect(channel.store.log).toEqual(['a', 'b', 'c'])
    expect(channel.appended[0]!.origin).toMatchObject({
      stream: '@deadLetter/c/e1',
      from: 7,
      to: 9,
      offsets: Float64Array.of(8, 9),
      floor: 0,
      routing: 'deadLetter',
    })
  })

  test('of another channel with the same ids are others', async () => {
    const { letters, channel } = await harness()
    await letters('out').add(from(leased(7, ['a'])))
    await letters('out', 'c2').add(from(leased(7, ['b'])))
    expect(channel.store.log).toEqual(['a', 'b'])
  })

  test('are cut to what the channel takes', async () => {
    const { letters, channel } = await harness({ limits: { batchEventsMax: 2 } })
    await letters('out').add(from(leased(0, ['a', 'b', 'c', 'd', 'e'])))
    expect(channel.appended.map((batch) => bodiesOf(batch).join(''))).toEqual(['ab', 'cd', 'e'])
  })

  test('that fail to get in are tried again until they are', async () => {
    const { letters, channel, clock } = await harness()
    channel.fail(2)
    const added = letters('out').add(from(leased(0, ['a'])))
    for (let i = 0; i < 20; i++) {
      clock.advance(1000)
      await turns(5)
    }
    await added
    expect(channel.store.log).toEqual(['a'])
  })

  test('too large for the channel wait, and say so', async () => {
    const { letters, clock } = await harness({ limits: { batchBytesMax: 3 } })
    const one = letters('out')
    void one.add(from(leased(0, ['abcd'])))
    for (let i = 0; i < 5; i++) {
      clock.advance(1000)
      await turns(5)
    }
    expect(one.problem?.code).toBe('FLM5107')
    expect(one.problem?.message).toContain('1 events are above the 3 bytes')
  })

  test('stop waiting when the sink stops or there is no channel any more', async () => {
    const { letters, stopping, target, clock } = await harness({ capacityEvents: 1 })
    const one = letters('out')
    await one.add(from(leased(9, ['z'])))
    const added = one.add(from(leased(0, ['a'])))
    await turns(5)
    expect(one.problem).toBeUndefined()
    clock.advance(5000)
    expect(one.problem?.message).toContain('it is full')
    stopping.abort()
    await expect(added).rejects.toMatchObject({ code: 'FLM5101', retryable: true })
    expect(one.problem).toBeUndefined()
    target.runner = undefined
    expect(one.configured).toBe(false)
    await expect(one.add(from(leased(0, ['a'])))).rejects.toMatchObject({ code: 'FLM5101' })
  })

  test('have no channel where the sink drains it itself', async () => {
    const { letters } = await harness()
    expect(letters('out').configured).toBe(true)
    expect(letters('out', 'd').configured).toBe(false)
  })
})
