import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

const KNOWN = ['w1', 'w2']

test('names and effort', () => {
  expect(parseOptions(['w2'], KNOWN)).toEqual({ names: ['w2'], effort: 'normal' })
  expect(parseOptions(['all', '--quick'], KNOWN)).toEqual({ names: KNOWN, effort: 'quick' })
  expect(parseOptions(['--full', 'w1'], KNOWN)).toEqual({ names: ['w1'], effort: 'full' })
})

test('what is wrong is said', () => {
  expect(() => parseOptions([], KNOWN)).toThrow('no benchmark was named')
  expect(() => parseOptions(['w7'], KNOWN)).toThrow('no benchmark w7')
  expect(() => parseOptions(['w1', '--quick', '--full'], KNOWN)).toThrow('exclude')
  expect(() => parseOptions(['w1', '--fast'], KNOWN)).toThrow('--fast')
})
