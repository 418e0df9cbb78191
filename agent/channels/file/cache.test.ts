import { expect, test } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { BatchCache } from './cache.ts'

function batch(first: number, count: number, bytes = 100): Batch {
  const events = Array.from({ length: count }, () => ({ body: Buffer.alloc(bytes) }))
  return { ...batchOf(events), ids: { stream: 's', first } }
}

test('a batch is found by any of its sequences', () => {
  const cache = new BatchCache(1e6)
  cache.push(batch(0, 3))
  cache.push(batch(3, 2))
  for (const [sequence, first] of [
    [0, 0],
    [2, 0],
    [3, 3],
    [4, 3],
  ] as const)
    expect(cache.find(sequence)?.ids?.first).toBe(first)
  expect(cache.find(5)).toBeUndefined()
})

test('the oldest batches go when the bound is reached', () => {
  const cache = new BatchCache(1000)
  for (let n = 0; n < 20; n++) cache.push(batch(n * 2, 2))
  expect(cache.find(0)).toBeUndefined()
  expect(cache.find(39)?.ids?.first).toBe(38)
})

test('a small view does not hold the large buffer it was cut from', () => {
  const chunk = Buffer.allocUnsafeSlow(1 << 20)
  const cache = new BatchCache(4096)
  for (let n = 0; n < 10; n++) {
    const view = { ...batch(n, 1), bodies: chunk.subarray(n * 100, n * 100 + 100) }
    cache.push(view)
  }
  expect(cache.find(0)?.bodies.buffer.byteLength).toBeLessThanOrEqual(64 * 1024)
  expect(cache.find(9)).toBeDefined()
})

test('batches of one event are kept and dropped in any number', () => {
  const cache = new BatchCache(50_000)
  const chunk = Buffer.alloc(8192)
  for (let n = 0; n < 5000; n++) {
    chunk.fill(n, 0, 100)
    cache.push({ ...batch(n, 1), bodies: chunk.subarray(0, 100) })
    if (n % 7 === 0) cache.dropBelow(n - 200)
    expect(cache.find(n - 600)).toBeUndefined()
    expect(cache.find(n)?.bodies[99]).toBe(n % 256)
    if (n > 100) expect(cache.find(n - 100)?.bodies[0]).toBe((n - 100) % 256)
  }
})

test('what was handed out is dropped', () => {
  const cache = new BatchCache(1e6)
  cache.push(batch(0, 3))
  cache.push(batch(3, 3))
  cache.dropBelow(4)
  expect(cache.find(2)).toBeUndefined()
  expect(cache.find(3)).toBeDefined()
})
