import { expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { streamBatch } from '../../test/sim/flow-parts.ts'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import { offer } from './optional-append.ts'

test('an optional append that fails or finds no room is told once and not retried', async () => {
  const channel = new ModelChannel(modelStore(), { capacityEvents: 1 })
  const failed: string[] = []
  const to = {
    channel,
    append: (...args: Parameters<typeof channel.append>) => channel.append(...args),
  }
  channel.fail()
  await offer(to, streamBatch('s', 0, ['x']), ({ code }) => failed.push(code))
  await offer(to, streamBatch('s', 0, ['y']), ({ code }) => failed.push(code))
  await offer(to, streamBatch('s', 0, ['z']), ({ code }) => failed.push(code))
  await turns(3)
  expect(failed).toEqual(['FLM2201', 'FLM5103'])
  expect(channel.store.log).toEqual(['y'])
  expect(channel.appended).toHaveLength(2)
})
