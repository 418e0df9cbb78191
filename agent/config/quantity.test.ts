import { expect, test } from 'vitest'
import { parseQuantity, quantityMap } from './quantity.ts'

test.each([
  ['0', 0],
  ['500m', 0.5],
  ['2', 2],
  ['1.5k', 1500],
  ['10Gi', 10 * 2 ** 30],
  ['1G', 1e9],
  ['2Pi', 2 * 2 ** 50],
  ['1Ei', 2 ** 60],
] as const)('%s is %d', (text, value) => {
  expect(parseQuantity(text)).toBe(value)
  expect(quantityMap().parse({ cpu: text })).toEqual({ cpu: text })
})

test('a whole number is a quantity', () => {
  expect(parseQuantity(7)).toBe(7)
  expect(quantityMap().parse({ cpu: 7 })).toEqual({ cpu: 7 })
})

test.each(['', 'Gi', '10 Gi', '10GiB', '10gi', '-1', '1e3', '1.', '.5', '1_000', 'NaN'])(
  '%j is no quantity',
  (text) => {
    expect(parseQuantity(text)).toBeNaN()
    expect(quantityMap().safeParse({ cpu: text }).error?.issues[0]?.message).toBe(
      'expected a quantity such as 500m, 2 or 4Gi',
    )
  },
)

test('nor is a fraction without quotes, or a negative number', () => {
  expect(quantityMap().safeParse({ cpu: 0.5 }).success).toBe(false)
  expect(quantityMap().safeParse({ cpu: -1 }).success).toBe(false)
})
