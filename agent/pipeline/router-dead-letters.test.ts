import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { batchOf, headerAt, select } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { FlumeError } from '../core/errors.ts'
import type { Intercepted } from '../core/interceptor.ts'
import type { Part } from '../core/selector.ts'
import type { GivenUp } from './intercepted.ts'
import { interceptorName, route } from './router.ts'
import type { RouterOptions } from './router.ts'

const isBad = (body: string): boolean => body.startsWith('x')

function sort(batch: Batch): Intercepted {
  const of = (wanted: boolean): Batch => {
    const indices = bodiesOf(batch).flatMap((body, i) => (isBad(body) === wanted ? [i] : []))
    return select(batch, Uint32Array.from(indices))
  }
  return { batch: of(false), deadLetters: [{ batch: of(true), reason: 'bad', kind: 'invalid' }] }
}

function harness(changes: Partial<RouterOptions> = {}) {
  const told = { givenUp: [] as GivenUp[] }
  const options: RouterOptions = {
    source: 'in',
    routingHash: 'hash',
    interceptors: [{ type: 'test', intercept: sort }],
    selector: (batch) => [{ channel: 'a', required: true, batch }],
    requiredChannels: ['a', 'd'],
    limits: { batchEventsMax: 100, batchBytesMax: 100_000 },
    deadLetters: {
      channel: 'd',
      now: () => 0,
      onGivenUp: (givenUp) => told.givenUp.push(...givenUp),
      onRefused: (error) => expect.unreachable(error.message),
    },
    ...changes,
  }
  return { told, of: (batch: Batch) => route(batch, '3.hash', options) }
}

const facts = ({ channel, batch }: Part) => [
  channel,
  bodiesOf(batch).join(),
  batch.origin?.from,
  batch.origin?.to,
]

describe('what interceptors give up on', () => {
  test('is a part for the dead-letter channel, in the same unit and with the origin', () => {
    const { of, told } = harness()
    const { units, filteredEvents } = of(streamBatch('s', 0, ['1', 'x2', '3']))
    expect(units).toHaveLength(1)
    expect(units[0]!.parts.map(facts)).toEqual([
      ['a', '1,3', 0, 3],
      ['d', 'x2', 0, 3],
    ])
    expect(units[0]!.positions).toEqual([])
    const letter = units[0]!.parts[1]!.batch
    expect(letter.origin).toMatchObject({ stream: 'in/s', routing: '3.hash' })
    expect(letter.origin!.offsets).toEqual(Float64Array.of(2))
    expect(headerAt(letter, 0, 'flume.deadLetter.component')).toBe('interceptor test of source in')
    expect(filteredEvents).toBe(0)
    expect(told.givenUp.map(({ type, kind, batch }) => [type, kind, batch.count])).toEqual([
      ['test', 'invalid', 1],
    ])
    expect(interceptorName('test', 'in')).toBe('interceptor test of source in')
  })

  test('is the only part where nothing else is left; the others get the position', () => {
    const { units } = harness().of(streamBatch('s', 0, ['x1']))
    expect(units[0]!.parts.map(facts)).toEqual([['d', 'x1', 0, 1]])
    expect(units[0]!.positions.map(facts)).toEqual([['a', '', 0, 1]])
    const none = harness().of(streamBatch('s', 0, ['1']))
    expect(none.units[0]!.positions.map(facts)).toEqual([['d', '', 0, 1]])
  })

  test('joins what the selector sends to the same channel: one part, in order', () => {
    const selector = (batch: Batch): Part[] => [{ channel: 'd', required: true, batch }]
    const { units } = harness({ selector }).of(streamBatch('s', 0, ['1', 'x2', '3']))
    expect(units[0]!.parts.map(facts)).toEqual([['d', '1,x2,3', 0, 3]])
    const { batch } = units[0]!.parts[0]!
    expect(batch.headers.columns.get('flume.deadLetter.reason')).toEqual([
      undefined,
      'bad',
      undefined,
    ])
  })

  test('is cut where the rest is cut', () => {
    const limits = { batchEventsMax: 2, batchBytesMax: 100_000 }
    const { units } = harness({ limits }).of(
      streamBatch('s', 0, ['x1', '2', '3', 'x4', 'x5', 'x6', '7']),
    )
    expect(units.map(({ from, parts }) => [from, parts.map(facts)])).toEqual([
      [
        0,
        [
          ['a', '2,3', 0, 3],
          ['d', 'x1', 0, 3],
        ],
      ],
      [3, [['d', 'x4', 3, 4]]],
      [
        4,
        [
          ['a', '7', 4, 7],
          ['d', 'x5,x6', 4, 7],
        ],
      ],
    ])
  })

  test('keeps the range of a sender', () => {
    const batch = streamBatch('s', 7, ['1', 'x2'])
    const sent = { ...batch, origin: { ...batch.origin!, floor: 5 } }
    const { units } = harness().of(sent)
    expect(units[0]!.stream).toBeUndefined()
    for (const { batch: part } of units[0]!.parts)
      expect(part.origin).toMatchObject({ floor: 5, from: 7, to: 9, routing: 'hash' })
  })

  test('has no origin where there is none', () => {
    const batch = batchOf(['1', 'x2'].map((body) => ({ body: Buffer.from(body) })))
    const { units } = harness().of(batch)
    expect(units[0]!.parts.map(facts)).toEqual([
      ['a', '1', undefined, undefined],
      ['d', 'x2', undefined, undefined],
    ])
  })

  test('is refused with the whole batch where there is no channel for it', () => {
    const refused: FlumeError[] = []
    const deadLetters = {
      channel: undefined,
      now: () => 0,
      onGivenUp: () => expect.unreachable('nothing is handed over'),
      onRefused: (error: FlumeError) => refused.push(error),
    }
    const { of } = harness({ deadLetters })
    expect(() => of(streamBatch('s', 0, ['1', 'x2']))).toThrow('gave up on 1 events')
    expect(refused).toMatchObject([{ code: 'FLM5106', retryable: false }])
    expect(of(streamBatch('s', 2, ['3'])).units).toHaveLength(1)
  })
})
