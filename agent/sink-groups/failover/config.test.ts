import { expect, test } from 'vitest'
import { failoverSinkGroupSchema } from './config.ts'

const a = { sink: 'a', priority: 10 }
const b = { sink: 'b', priority: 5 }

const problems = (priorities: readonly unknown[]) =>
  failoverSinkGroupSchema.safeParse({ priorities }).error?.issues

test('has the defaults of Flume, and a bound for sinks that hang', () => {
  expect(failoverSinkGroupSchema.parse({ priorities: [a, b] })).toEqual({
    priorities: [a, b],
    maxPenalty: 30_000,
    timeout: 10_000,
  })
})

// Flume drops the sink that comes later, with a warning in its log.
test('two sinks with the same priority are a mistake that names both', () => {
  expect(problems([a, b, { sink: 'c', priority: 10 }])).toMatchObject([
    {
      path: ['priorities', 2, 'priority'],
      message: 'the sinks "a" and "c" have the same priority 10. Give each a number of its own',
      params: { code: 'FLM1205' },
    },
  ])
})

test('a sink given twice is a mistake, whatever its priorities', () => {
  const message = 'the sink "a" is given twice. Remove one'
  for (const priority of [10, 11])
    expect(problems([a, b, { sink: 'a', priority }])).toMatchObject([
      { path: ['priorities', 2, 'sink'], message },
    ])
})

test('one sink has nothing to fail over to', () => {
  expect(problems([a])).toHaveLength(1)
})

test('priorities are whole numbers, also negative ones', () => {
  expect(problems([a, { sink: 'b', priority: 1.5 }])).toHaveLength(1)
  expect(problems([a, { sink: 'b', priority: -1 }])).toBeUndefined()
})
