import { expect, test } from 'vitest'
import { systemRandom } from './random.ts'

test('bytes differ each time and numbers lie in [0, 1)', () => {
  expect(systemRandom.bytes(16)).toHaveLength(16)
  expect(systemRandom.bytes(16).equals(systemRandom.bytes(16))).toBe(false)
  for (let n = 0; n < 100; n++) {
    const number = systemRandom.number()
    expect(number >= 0 && number < 1).toBe(true)
  }
})
