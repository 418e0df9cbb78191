import { expect, test } from 'vitest'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import { turns } from '../../test/sim/clock.ts'
import { commitPositions } from './commit-positions.ts'

test('positions are awaited until durable, also in a full channel', async () => {
  const channel = new ModelChannel(modelStore(), { capacityEvents: 0, manual: true })
  const position = { offset: 5, routing: '1.r', memo: 'm' }
  let done = false
  const { signal } = new AbortController()
  const writing = commitPositions([{ channel, stream: 'in/s', position }], signal)
  void writing.then(() => (done = true))
  await turns(3)
  expect(done).toBe(false)
  channel.commit()
  await writing
  expect(channel.positions().get('in/s')).toEqual(position)
})
