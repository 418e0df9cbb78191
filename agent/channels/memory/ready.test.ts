import { expect, it } from 'vitest'
import { batchOf, bodyAt } from '../../core/batch.ts'
import { Delivery } from './delivery.ts'
import { batchOfRun, bytesOf, Ready } from './ready.ts'
import type { Run } from './ready.ts'

function deliveryOf(first: number, ...texts: readonly string[]): Delivery {
  const batch = batchOf(texts.map((text) => ({ body: Buffer.from(text) })))
  return new Delivery({ ...batch, ids: { stream: 'c', first } }, false)
}

const texts = (runs: readonly Run[]): string[] =>
  runs.flatMap((run) => {
    const batch = batchOfRun(run)
    return Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString())
  })

it('takes across batches, within both bounds', () => {
  const ready = new Ready()
  ready.add(deliveryOf(0, 'aa', 'bb'))
  ready.add(deliveryOf(2, 'cc', 'dd'))
  expect(texts(ready.take({ eventsMax: 3, bytesMax: 100 }))).toEqual(['aa', 'bb', 'cc'])
  expect(texts(ready.take({ eventsMax: 3, bytesMax: 100 }))).toEqual(['dd'])
  expect(ready.empty).toBe(true)
})

it('cuts at the bound of bytes, but takes one event however large', () => {
  const ready = new Ready()
  ready.add(deliveryOf(0, 'a'.repeat(50), 'b', 'c', 'd'))
  expect(ready.take({ eventsMax: 9, bytesMax: 10 }).map(bytesOf)).toEqual([50])
  expect(texts(ready.take({ eventsMax: 9, bytesMax: 2 }))).toEqual(['b', 'c'])
})

it('takes what was given back first, in the order of the channel', () => {
  const ready = new Ready()
  ready.add(deliveryOf(0, 'a', 'b', 'c', 'd'))
  const first = ready.take({ eventsMax: 2, bytesMax: 10 })
  const second = ready.take({ eventsMax: 1, bytesMax: 10 })
  ready.giveBack(second)
  ready.giveBack(first)
  expect(texts(ready.take({ eventsMax: 1, bytesMax: 10 }))).toEqual(['a'])
  expect(texts(ready.take({ eventsMax: 9, bytesMax: 10 }))).toEqual(['b', 'c', 'd'])
})
