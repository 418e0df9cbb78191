import { expect, test } from 'vitest'
import { HEADERS_MAX, HEADER_NAMES_MAX, HeaderColumns } from './header-columns.ts'
import { WireReader } from './wire-reader.ts'
import { WireWriter } from './wire-writer.ts'

type Pairs = readonly (readonly [string, string])[]

function mapBytes(pairs: Pairs): Buffer {
  const writer = new WireWriter()
  if (pairs.length > 0) writer.long(pairs.length)
  for (const [name, value] of pairs) {
    writer.text(name)
    writer.text(value)
  }
  writer.long(0)
  return writer.result()
}

/** `runs`: the headers of so many events in a row. */
function gather(runs: readonly (readonly [number, Pairs])[]) {
  const columns = new HeaderColumns()
  const reader = new WireReader(Buffer.concat(runs.map(([, pairs]) => mapBytes(pairs))))
  let count = 0
  for (const [events] of runs) {
    columns.read(reader, count)
    count += events
  }
  return columns.result(count)
}

test('what all events share is common', () => {
  const { common, columns } = gather([
    [
      3,
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
  ])
  expect([...common]).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
  expect(columns.size).toBe(0)
})

test('the same headers in another order are common too', () => {
  const { common, columns } = gather([
    [
      1,
      [
        ['a', '1'],
        ['b', '2'],
      ],
    ],
    [
      2,
      [
        ['b', '2'],
        ['a', '1'],
      ],
    ],
  ])
  expect([...common]).toEqual([
    ['a', '1'],
    ['b', '2'],
  ])
  expect(columns.size).toBe(0)
})

test('a header that one event lacks, first, between or last, is a column', () => {
  const a: Pairs = [['a', '1']]
  expect(
    gather([
      [1, []],
      [2, a],
    ]).columns.get('a'),
  ).toEqual([undefined, '1', '1'])
  expect(
    gather([
      [1, a],
      [1, []],
      [1, a],
    ]).columns.get('a'),
  ).toEqual(['1', undefined, '1'])
  expect(
    gather([
      [2, a],
      [1, []],
    ]).columns.get('a'),
  ).toEqual(['1', '1', undefined])
})

test('a value that changes and comes back', () => {
  const runs = ['x', 'y', 'x'].map((value): [number, Pairs] => [
    2,
    [
      ['a', value],
      ['b', '-'],
    ],
  ])
  const { common, columns } = gather(runs)
  expect(common.get('b')).toBe('-')
  expect(columns.get('a')).toEqual(['x', 'x', 'y', 'y', 'x', 'x'])
})

test('of a name that stands twice in one map the last value counts', () => {
  const twice: Pairs = [
    ['a', '1'],
    ['a', '2'],
  ]
  expect(gather([[1, twice]]).columns.get('a')).toEqual(['2'])
  expect(
    gather([
      [1, [['a', '1']]],
      [2, twice],
      [1, [['a', '2']]],
    ]).columns.get('a'),
  ).toEqual(['1', '2', '2', '2'])
})

test('names of properties every object has are names like others', () => {
  const { common } = gather([
    [
      1,
      [
        ['__proto__', 'p'],
        ['constructor', 'c'],
      ],
    ],
  ])
  expect([...common]).toEqual([
    ['__proto__', 'p'],
    ['constructor', 'c'],
  ])
})

test('more different names than the bound are refused', () => {
  const runs = Array.from({ length: HEADER_NAMES_MAX + 1 }, (_, i): [number, Pairs] => [
    1,
    [[`n${i}`, '']],
  ])
  expect(() => gather(runs)).toThrow(expect.objectContaining({ code: 'FLM6102' }))
  expect(gather(runs.slice(1)).columns.size).toBe(HEADER_NAMES_MAX)
})

test('more headers on an event than the bound are refused, also if they have one name', () => {
  const many = (count: number): Pairs => Array.from({ length: count }, () => ['a', 'b'])
  expect(() => gather([[1, many(HEADERS_MAX + 1)]])).toThrow(
    expect.objectContaining({ code: 'FLM6102' }),
  )
  expect(gather([[1, many(HEADERS_MAX)]]).columns.get('a')).toEqual(['b'])
})

test('names on few of very many events are refused instead of becoming huge columns', () => {
  const runs = Array.from({ length: 1000 }, (_, i): [number, Pairs] => [50, [[`n${i}`, '']]])
  expect(() => gather(runs)).toThrow(expect.objectContaining({ code: 'FLM6102' }))
})

test('a name that no channel could store is refused', () => {
  expect(() => gather([[1, [['n'.repeat(70_000), '']]]])).toThrow(
    expect.objectContaining({ code: 'FLM6102' }),
  )
})
