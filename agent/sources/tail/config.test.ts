import { expect, test } from 'vitest'
import { tailSourceSchema } from './config.ts'

test('a list of patterns is enough; sizes and durations become numbers', () => {
  expect(tailSourceSchema.parse({ files: ['/var/log/*.log'] })).toMatchObject({
    files: ['/var/log/*.log'],
    groups: [],
    startAt: 'beginning',
    maxLineSize: 2 ** 20,
    longLines: 'split',
    scanInterval: 800,
  })
})

test('without any pattern there is nothing to read', () => {
  expect(tailSourceSchema.safeParse({}).success).toBe(false)
  expect(tailSourceSchema.safeParse({ groups: [{ name: 'a', files: [] }] }).success).toBe(false)
})

test('two groups of one name are refused', () => {
  const group = { name: 'a', files: ['/x'] }
  expect(tailSourceSchema.safeParse({ groups: [group, group] }).success).toBe(false)
})
