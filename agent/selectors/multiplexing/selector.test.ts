import { describe, expect, it } from 'vitest'
import { batchOf, bodyAt, withHeader } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { z } from 'zod'
import { multiplexingSelectorSchema } from './config.ts'
import { createSelector, requiredChannels } from './selector.ts'

const parse = (config: z.input<typeof multiplexingSelectorSchema>) =>
  multiplexingSelectorSchema.parse(config)

const tiers = (...values: readonly (string | undefined)[]): Batch =>
  batchOf(
    values.map((tier, i) => ({
      body: Buffer.from(`${i}`),
      headers: tier === undefined ? {} : { tier },
    })),
  )

const bodies = (batch: Batch): string =>
  Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString()).join('')

const config = parse({
  header: 'tier',
  mappings: [
    { value: 'gold', channels: ['fast', 'all'] },
    { value: 'iron', channels: ['slow', 'all'], optional: ['fast'] },
  ],
  default: ['all'],
})

describe('multiplexing', () => {
  it('gives a batch with a common header away whole, without a copy', () => {
    const batch = withHeader(tiers('x', 'y', undefined), 'tier', 'gold')
    const parts = createSelector(config)(batch)
    expect(parts.map((part) => part.channel)).toEqual(['fast', 'all'])
    for (const part of parts) expect(part.batch).toBe(batch)
  })

  it('gives a batch away whole when all values of a column lead to the same channels', () => {
    const batch = tiers('x', 'y', undefined)
    const parts = createSelector(config)(batch)
    expect(parts).toEqual([{ channel: 'all', required: true, batch }])
  })

  it('splits by the column and keeps the order within each channel', () => {
    const parts = createSelector(config)(tiers('iron', 'gold', undefined, 'iron', 'gold'))
    expect(parts.map((part) => [part.channel, part.required, bodies(part.batch)])).toEqual([
      ['slow', true, '03'],
      ['all', true, '01234'],
      ['fast', true, '14'],
      ['fast', false, '03'],
    ])
  })

  it('names no channel for events that are mapped nowhere', () => {
    const select = createSelector(
      parse({ header: 'tier', mappings: [{ value: 'a', channels: ['c'] }] }),
    )
    expect(select(tiers('b'))).toEqual([])
    expect(select(tiers('b', 'a')).map((part) => bodies(part.batch))).toEqual(['1'])
  })

  it('requires what the default or a mapping can require', () => {
    expect(requiredChannels(config, ['all', 'fast', 'other', 'slow'])).toEqual([
      'all',
      'fast',
      'slow',
    ])
    const optional = parse({ mappings: [{ value: 'a', optional: ['b'] }], default: ['c'] })
    expect(requiredChannels(optional, ['b', 'c'])).toEqual(['c'])
  })
})

describe('multiplexing configuration', () => {
  it('refuses a value that is mapped twice', () => {
    const mapping = { value: 'a', channels: ['c'] }
    expect(() => parse({ mappings: [mapping, mapping] })).toThrow(
      'the value \\"a\\" is mapped twice',
    )
  })

  it('refuses a mapping to nowhere and a blank value', () => {
    expect(() => parse({ mappings: [{ value: 'a' }] })).toThrow('expected `channels`')
    expect(() => parse({ mappings: [{ value: 'a', channels: [] }] })).toThrow('channels')
    expect(() => parse({ mappings: [{ value: ' ', channels: ['c'] }] })).toThrow('blank')
  })
})
