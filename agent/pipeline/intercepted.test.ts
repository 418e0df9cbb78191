import { expect, test } from 'vitest'
import { bodiesOf, streamBatch } from '../../test/sim/flow-parts.ts'
import { select, slice } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import type { Intercepted } from '../core/interceptor.ts'
import { intercepted } from './intercepted.ts'

/** Gives up on the first event. */
const first = (reason: string) => ({
  type: reason,
  intercept: (batch: Batch): Intercepted => ({
    batch: select(
      batch,
      Uint32Array.from({ length: batch.count - 1 }, (_, i) => i + 1),
    ),
    deadLetters: [{ batch: slice(batch, 0, 1), reason, kind: 'invalid' }],
  }),
})

test('what one gives up on, those behind it do not see', () => {
  const batch = streamBatch('s', 0, ['a', 'b', 'c'])
  const { kept, givenUp } = intercepted(batch, [
    first('one'),
    { type: 'plain', intercept: (each) => each },
    first('two'),
  ])
  expect(bodiesOf(kept)).toEqual(['c'])
  expect(givenUp.map(({ type, reason, batch: of }) => [type, reason, bodiesOf(of)])).toEqual([
    ['one', 'one', ['a']],
    ['two', 'two', ['b']],
  ])
})

test('letters without events are none', () => {
  const intercept = (batch: Batch): Intercepted => ({
    batch,
    deadLetters: [{ batch: slice(batch, 0, 0), reason: 'none', kind: 'threw' }],
  })
  const batch = streamBatch('s', 0, ['a'])
  expect(intercepted(batch, [{ type: 'test', intercept }])).toEqual({ kept: batch, givenUp: [] })
})
