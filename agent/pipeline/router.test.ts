import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { batchOf, select } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { Part } from '../core/selector.ts'
import { route } from './router.ts'
import type { RouterOptions } from './router.ts'

const limits = { batchEventsMax: 100, batchBytesMax: 1000 }
const options = (changes: Partial<RouterOptions>): RouterOptions => ({
  source: 'in',
  routingHash: 'r',
  interceptors: [],
  selector: (batch) => [{ channel: 'a', required: true, batch }],
  requiredChannels: ['a', 'b'],
  limits,
  ...changes,
})
const only = (batch: Batch, wanted: string): Batch =>
  select(
    batch,
    Uint32Array.from(bodiesOf(batch).flatMap((body, i) => (body === wanted ? [i] : []))),
  )
const facts = ({ channel, batch }: Part) => [channel, bodiesOf(batch).join(), batch.origin?.to]

describe('routing a batch', () => {
  test('interceptors are folded in order and what they drop is counted', () => {
    const seen: number[] = []
    const interceptors = [
      (batch: Batch) => (seen.push(batch.count), only(batch, 'x')),
      (batch: Batch) => (seen.push(batch.count), batch),
    ]
    const { units, filteredEvents } = route(
      streamBatch('s', 0, ['x', 'y', 'x']),
      'r',
      options({ interceptors: interceptors.map((intercept) => ({ type: 'test', intercept })) }),
    )
    expect(seen).toEqual([3, 2])
    expect(filteredEvents).toBe(1)
    expect(units[0]!.parts.map(facts)).toEqual([['a', 'x,x', 3]])
  })

  test('a required channel without an event of the batch gets its position', () => {
    const { units } = route(streamBatch('s', 0, ['x']), '1.r', options({}))
    expect(units[0]!.positions.map(facts)).toEqual([['b', '', 1]])
    expect(units[0]!.positions[0]!.batch.origin).toMatchObject({ stream: 'in/s', routing: '1.r' })
    expect(units[0]!.parts[0]!.batch.origin).toMatchObject({ stream: 'in/s', routing: '1.r' })
  })

  test('a batch of which nothing is left still moves the positions of all', () => {
    const intercept = (batch: Batch) => only(batch, 'none')
    const interceptors = [{ type: 'test', intercept }]
    const { units } = route(streamBatch('s', 0, ['x']), 'r', options({ interceptors }))
    expect(units[0]!.parts).toEqual([])
    expect(units[0]!.positions.map(facts)).toEqual([
      ['a', '', 1],
      ['b', '', 1],
    ])
  })

  test('optional parts carry no origin, required ones are in one order for all sources', () => {
    const selector = (batch: Batch): Part[] => [
      { channel: 'b', required: true, batch },
      { channel: 'o', required: false, batch },
      { channel: 'a', required: true, batch },
    ]
    const { units } = route(streamBatch('s', 0, ['x']), 'r', options({ selector }))
    expect(units[0]!.parts.map(({ channel }) => channel)).toEqual(['a', 'b'])
    expect(units[0]!.optional.map(facts)).toEqual([['o', 'x', undefined]])
    expect(units[0]!.positions).toEqual([])
  })

  test('events that no part names are counted', () => {
    const selector = (batch: Batch): Part[] => [
      { channel: 'a', required: true, batch: only(batch, 'x') },
    ]
    const batch = batchOf(['x', 'y', 'y'].map((body) => ({ body: Buffer.from(body) })))
    const { units, unroutedEvents } = route(batch, 'r', options({ selector }))
    expect(unroutedEvents).toBe(2)
    expect(units[0]!.positions).toEqual([])
  })

  test('each piece of a large batch is a unit with its own stretch of the stream', () => {
    const { units } = route(
      streamBatch('s', 0, ['x', 'y', 'z']),
      'r',
      options({ limits: { batchEventsMax: 2, batchBytesMax: 100 } }),
    )
    expect(units.map(({ from, parts }) => [from, facts(parts[0]!)])).toEqual([
      [0, ['a', 'x,y', 2]],
      [2, ['a', 'z', 3]],
    ])
  })

  test('a selector that requires a channel without positions is a mistake of ours', () => {
    const selector = (batch: Batch): Part[] => [{ channel: 'z', required: true, batch }]
    expect(() => route(streamBatch('s', 0, ['x']), 'r', options({ selector }))).toThrow(
      'names channel z as required',
    )
  })
})
