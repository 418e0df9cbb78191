import { expect, test } from 'vitest'
import { table } from './table.ts'

test('names stand to the left, figures to the right', () => {
  expect(
    table(
      ['what', 'events/s'],
      [
        ['ours', '700 k'],
        ['a peer', '1'],
      ],
    ),
  ).toBe(
    [
      '| what   | events/s |',
      '| ------ | -------: |',
      '| ours   |    700 k |',
      '| a peer |        1 |',
    ].join('\n'),
  )
})
