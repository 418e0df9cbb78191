import { describe, expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../../test/sim/flow-parts.ts'
import { batchOf, headersAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { HEADERS_LENGTH_MAX, SPLIT_EVENTS_MAX, interceptWith } from './events.ts'
import type { PluginEvent } from './module.ts'

/** Stands for a promise that fails once nobody looks any more. */
const LATER = Symbol('later')

function run(batch: Batch, plugin: (event: PluginEvent) => unknown) {
  const result = interceptWith(batch, plugin)
  const { batch: kept, deadLetters } =
    'deadLetters' in result ? result : { batch: result, deadLetters: [] }
  return {
    kept,
    bodies: bodiesOf(kept),
    offsets: [...(kept.origin?.offsets ?? [])],
    letters: deadLetters.map(({ batch: of, reason, kind }) => [kind, reason, bodiesOf(of)]),
    deadLetters,
  }
}

const lines = (...bodies: string[]): Batch =>
  streamBatch(
    's',
    0,
    bodies,
    bodies.map((body) => ({ host: 'h', body })),
  )

describe('what a plugin makes of events', () => {
  test('changed, dropped and split ones keep the offset of their parent', () => {
    const { kept, bodies, offsets } = run(lines('a', 'b', 'c', 'd'), (event) => {
      const body = event.body.toString()
      if (body === 'b') return undefined
      if (body === 'c') return []
      if (body === 'd') return [event, { headers: { part: '2' }, body: Buffer.from('d2') }]
      return { headers: { ...event.headers, seen: 'yes' }, body: Buffer.from('A') }
    })
    expect(bodies).toEqual(['A', 'd', 'd2'])
    expect(offsets).toEqual([1, 4, 4])
    expect(kept.origin).toMatchObject({ stream: 's', from: 0, to: 4 })
    expect({ ...headersAt(kept, 0) }).toEqual({ host: 'h', body: 'a', seen: 'yes' })
    expect({ ...headersAt(kept, 2) }).toEqual({ part: '2' })
  })

  test('exactly those on which it throws become dead letters, as they came, by reason', () => {
    const batch = lines(...Array.from({ length: 3000 }, (_, i) => `${i}`))
    const { bodies, letters, deadLetters } = run(batch, (event) => {
      event.body.fill(0x2a)
      event.headers['touched'] = 'yes'
      const number = Number(event.headers['body'])
      if (number % 1000 === 999) throw new Error(number === 999 ? 'first' : 'other')
      return { headers: {}, body: Buffer.from(`${number}`) }
    })
    expect(bodies).toHaveLength(2997)
    expect(letters).toEqual([
      ['threw', 'first', ['999']],
      ['threw', 'other', ['1999', '2999']],
    ])
    expect({ ...headersAt(deadLetters[1]!.batch, 1) }).toEqual({ host: 'h', body: '2999' })
    expect(deadLetters[1]!.batch.origin).toMatchObject({
      from: 0,
      to: 3000,
      offsets: Float64Array.of(2000, 3000),
    })
  })

  test.each([
    ['null', null, 'null and no event'],
    ['a text', 'text', 'a string and no event'],
    ['a text as body', { headers: {}, body: 'x' }, 'an event whose body is a string'],
    ['no headers', { body: Buffer.alloc(0) }, 'an event whose headers are nothing'],
    ['a number in headers', { headers: { n: 1 }, body: Buffer.alloc(0) }, 'header n is a number'],
    ['a nameless header', { headers: { '': '' }, body: Buffer.alloc(0) }, 'a header name of 0'],
    [
      'long headers',
      { headers: { a: 'x'.repeat(HEADERS_LENGTH_MAX) }, body: Buffer.alloc(0) },
      'of headers',
    ],
    ['a list in a list', [[]], 'a list and no event'],
    ['a promise', LATER, 'must not be async'],
    ['a list of promises', [null, LATER], 'null and no event'],
    ['too many', Array.from({ length: SPLIT_EVENTS_MAX + 1 }), '1001 events for one'],
  ])('an event for which it gives back %s is a dead letter', async (_, value, reason) => {
    const fail = (): Promise<never> => Promise.reject(new Error('later'))
    const given = Array.isArray(value)
      ? value.map((each) => (each === LATER ? fail() : each))
      : value
    const { bodies, letters } = run(lines('a', 'b'), (event) => {
      if (event.body.toString() !== 'a') return event
      return given === LATER ? fail() : given
    })
    expect(bodies).toEqual(['b'])
    expect(letters).toEqual([['returned', expect.stringContaining(reason), ['a']]])
    // A rejection nobody waits for would end the run here.
    await new Promise(setImmediate)
  })

  test('what throws while it is looked at is a dead letter too', () => {
    const { letters } = run(lines('a'), () => ({
      get body(): Buffer {
        throw new Error('trap')
      },
    }))
    expect(letters).toEqual([['threw', 'trap', ['a']]])
  })

  test('objects that it uses again for the next event are copied', () => {
    const scratch = { headers: {} as Record<string, string>, body: Buffer.alloc(1) }
    const { bodies, kept } = run(lines('a', 'b', 'c'), (event) => {
      event.body.copy(scratch.body)
      scratch.headers['of'] = event.body.toString()
      return scratch
    })
    expect(bodies).toEqual(['a', 'b', 'c'])
    expect(kept.headers.columns.get('of')).toEqual(['a', 'b', 'c'])
  })

  test('headers with the names of built-in properties are headers', () => {
    const batch = batchOf([
      { body: Buffer.from('a'), headers: { constructor: 'c', toString: 't' } },
    ])
    const { kept } = run(batch, (event) => event)
    expect(headersAt(kept, 0)).toEqual(headersAt(batch, 0))
  })

  test('without events it is not called', () => {
    const { kept } = run(batchOf([]), () => expect.unreachable('called'))
    expect(kept.count).toBe(0)
  })
})
