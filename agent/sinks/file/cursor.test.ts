import { describe, expect, test } from 'vitest'
import { SINK_STATE_BYTES_MAX } from '../../core/channel.ts'
import { decodeCursor, encodeCursor } from './cursor.ts'

const cursor = { directory: '/data/out', series: 'a-1-ff-', suffix: '.log', number: 3, length: 99 }

describe('cursor of the file sink', () => {
  test('comes back as it was saved', () => {
    expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)
  })

  test('fits into a sink state with the longest directory', () => {
    const longest = { ...cursor, directory: `/${'\u{1f600}'.repeat(2048)}` }
    expect(encodeCursor(longest).length).toBeLessThan(SINK_STATE_BYTES_MAX)
  })

  test.each(['', 'not JSON', 'null', '7', '"text"', '{}', '{"kind":"other","version":1}'])(
    'the state %j of another type of sink is no cursor',
    (state) => {
      expect(decodeCursor(Buffer.from(state))).toBeUndefined()
    },
  )

  test.each([
    ['a newer version', { version: 2 }],
    ['a negative length', { version: 1, length: -1 }],
    ['an empty series, which every file would belong to', { version: 1, series: '' }],
    ['a missing directory', { version: 1, directory: undefined }],
  ])('%s is refused, for guessing could cut files', (_name, fields) => {
    const state = Buffer.from(JSON.stringify({ kind: 'file-sink', ...cursor, ...fields }))
    expect(() => decodeCursor(state)).toThrow(/cannot be read by this version/)
  })
})
