import { expect, test } from 'vitest'
import { loadBalanceSinkGroupSchema } from './config.ts'

test('defaults', () => {
  expect(loadBalanceSinkGroupSchema.parse({})).toEqual({
    selector: 'RoundRobin',
    backoff: true,
    maxBackoff: 30_000,
    timeout: 10_000,
  })
})

test('there are two selectors', () => {
  expect(loadBalanceSinkGroupSchema.safeParse({ selector: 'Random' }).success).toBe(true)
  expect(loadBalanceSinkGroupSchema.safeParse({ selector: 'random_order' }).success).toBe(false)
})
