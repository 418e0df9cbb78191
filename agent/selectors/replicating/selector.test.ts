import { expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import { replicatingSelectorSchema } from './config.ts'
import { createSelector, requiredChannels } from './selector.ts'

const batch = batchOf([{ body: Buffer.from('a') }])

it('gives the whole batch to all channels, required ones first', () => {
  const config = replicatingSelectorSchema.parse({ optional: ['b'] })
  expect(createSelector(config, ['a', 'b', 'c'])(batch)).toEqual([
    { channel: 'a', required: true, batch },
    { channel: 'c', required: true, batch },
    { channel: 'b', required: false, batch },
  ])
})

it('requires every channel that is not optional', () => {
  const config = replicatingSelectorSchema.parse({ optional: ['b', 'b'] })
  expect(requiredChannels(config, ['a', 'b', 'c'])).toEqual(['a', 'c'])
})
