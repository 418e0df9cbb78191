import { describe, expect, test } from 'vitest'
import { ManualClock } from '../../../test/sim/clock.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import { fileName, newSeries, numberOf } from './series.ts'

describe('names of the files', () => {
  test('two sinks that start in the same millisecond have different names', () => {
    const clock = new ManualClock(1_700_000_000_000)
    const random = new SeededRandom(1)
    const [a, b] = [newSeries('web-', clock, random), newSeries('web-', clock, random)]
    expect(a).toMatch(/^web-1700000000000-[0-9a-f]{8}-$/)
    expect(a).not.toBe(b)
  })

  test('sort in the order of writing', () => {
    const names = [1, 2, 10, 999_999].map((number) => fileName('s-', number, '.log'))
    expect(names[0]).toBe('s-000001.log')
    expect([...names].sort()).toEqual(names)
  })

  test('the number comes back from the name, also above the padding and with an odd suffix', () => {
    for (const suffix of ['', '.log', '5', '-000001']) {
      for (const number of [1, 42, 1_234_567]) {
        expect(numberOf(fileName('s-', number, suffix), 's-', suffix)).toBe(number)
      }
    }
  })

  test.each([
    'other-000001.log',
    's-000001.log.gz',
    's-1.log',
    's-0000001.log',
    's-.log',
    's-00000x.log',
  ])('%s is not of the series', (name) => {
    expect(numberOf(name, 's-', '.log')).toBeUndefined()
  })
})
