import { describe, expect, test } from 'vitest'
import { KEYS, idAt } from './keyed-input.ts'
import { judgeReloads } from './reload-oracle.ts'
import type { ChannelOutput, History } from './reload-oracle.ts'
import { routeOf } from './shape.ts'
import type { ChannelName, Shape } from './shape.ts'

const replicating = (...names: ChannelName[]): Shape => ({
  channels: names.map((name) => ({ name, settings: '' })),
  sinks: [],
  mapping: undefined,
  shift: 0,
  filter: false,
})
const multiplexing: Shape = { ...replicating('a', 'b', 'c'), mapping: [['a'], ['b'], ['c', 'a']] }

const output = (channel: ChannelName, ids: readonly number[], isKept = true): ChannelOutput => {
  const counts = new Map<number, number>()
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1)
  return { channel, isKept, counts, torn: [] }
}

/** Ten lines of the first key; the shapes in a row, each confirmed after five lines. */
const history = (shapes: readonly Shape[], marks: Partial<History> = {}): History => ({
  shapes,
  confirmed: shapes.map((_, shape) => ({ shape, lines: Array<number>(KEYS).fill(5 * shape) })),
  settled: [],
  lines: [10, 0, 0],
  ...marks,
})

const ALL = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
const NOTHING_WRONG = { lost: [], strangers: [], repeated: [], torn: [], repeats: 0 }

describe('the oracle of reloads', () => {
  test('knows the route of a line', () => {
    expect(routeOf(multiplexing, idAt(2, 0))).toEqual(['c', 'a'])
    expect(routeOf({ ...multiplexing, shift: 1 }, idAt(2, 0))).toEqual(['a'])
    expect(routeOf({ ...multiplexing, filter: true }, idAt(0, 5))).toEqual([])
    expect(routeOf(replicating('b', 'c'), idAt(1, 7))).toEqual(['b', 'c'])
  })

  test('finds nothing wrong where each line is where one of its shapes wants it', () => {
    const shapes = [replicating('a'), replicating('b')]
    const outputs = [output('a', [0, 1, 2]), output('b', [3, 4, 5, 6, 7, 8, 9])]
    expect(judgeReloads(history(shapes), outputs)).toEqual(NOTHING_WRONG)
  })

  test('finds a line that is nowhere, and one that is not everywhere', () => {
    const outputs = [output('a', ALL.slice(1)), output('b', ALL.slice(0, 9))]
    const { lost } = judgeReloads(history([replicating('a', 'b')]), outputs)
    expect(lost.map((text) => text.split(' ')[0])).toEqual(['0', '9'])
  })

  test('does not excuse a line by a shape from before it was written', () => {
    const shapes = [replicating('a'), replicating('b')]
    const { lost, strangers } = judgeReloads(history(shapes), [output('a', ALL)])
    expect(lost).toHaveLength(5)
    expect(strangers).toHaveLength(5)
  })

  test('does not excuse a line by a shape from after it was settled', () => {
    const shapes = [replicating('a', 'b'), replicating('a')]
    const outputs = [output('a', ALL), output('b', [0, 1, 2])]
    expect(judgeReloads(history(shapes), outputs).lost).toEqual([])
    const settled = [{ shape: 0, lines: [4, 0, 0] }]
    expect(judgeReloads(history(shapes, { settled }), outputs).lost).toHaveLength(1)
  })

  test('finds a second copy where the routing stayed the same, else counts it', () => {
    const twice = [output('a', [...ALL, 3])]
    expect(judgeReloads(history([replicating('a')]), twice).repeated).toHaveLength(1)
    const outputs = [...twice, output('b', ALL)]
    const changed = judgeReloads(history([replicating('a'), replicating('a', 'b')]), outputs)
    expect(changed).toMatchObject({ lost: [], repeated: [], repeats: 1 })
  })

  test('counts what a sink left behind that nobody takes back any more', () => {
    const outputs = [output('a', ALL), output('a', [3], false)]
    const verdict = judgeReloads(history([replicating('a')]), outputs)
    expect(verdict).toEqual({ ...NOTHING_WRONG, repeats: 1 })
  })

  test('finds a line that nobody wrote', () => {
    const { strangers } = judgeReloads(history([replicating('a')]), [output('a', [...ALL, 10])])
    expect(strangers).toHaveLength(1)
  })
})
