import { expect, test } from 'vitest'
import { batchOf, headersAt, withHeader } from '../../core/batch.ts'
import { SENDER_RANGES_MAX, originOf, senderOf, withIds } from './sender.ts'

function metadata(values: { stream?: string; ranges?: string; floor?: string }) {
  return new Map(
    Object.entries(values).map(([name, value]) => [`flume.${name}`, Buffer.from(value)] as const),
  )
}

const GOOD = { stream: 'c-1/7', ranges: '10-14,20-20', floor: '10' }

test('a Flume says nothing of itself', () => {
  expect(senderOf(new Map(), 3)).toBeUndefined()
  expect(senderOf(new Map([['other', Buffer.from('x')]]), 3)).toBeUndefined()
})

test('stream, ranges and floor of one of our agents', () => {
  const sender = senderOf(metadata(GOOD), 6)!
  expect(sender).toEqual({
    stream: 'c-1/7',
    ranges: [
      { first: 10, last: 14 },
      { first: 20, last: 20 },
    ],
    floor: 10,
  })
  expect(originOf(sender, sender.ranges[0]!)).toEqual({
    stream: 'c-1/7',
    from: 10,
    to: 15,
    offsets: Float64Array.of(11, 12, 13, 14, 15),
    memo: '',
    routing: '',
    floor: 10,
  })
})

test('as many ranges as a sender may send', () => {
  const ranges = Array.from({ length: SENDER_RANGES_MAX }, (_, i) => `${2 * i}-${2 * i}`).join(',')
  expect(senderOf(metadata({ ...GOOD, ranges, floor: '0' }), SENDER_RANGES_MAX)).toBeDefined()
  const more = metadata({ ...GOOD, ranges: `${ranges},900-900`, floor: '0' })
  expect(() => senderOf(more, SENDER_RANGES_MAX + 1)).toThrow('more than')
})

test.each([
  ['a part of it is missing', { stream: 'c' }, 'only some'],
  ['the name is empty', { ...GOOD, stream: '' }, 'name'],
  ['the name is too long', { ...GOOD, stream: 'x'.repeat(193) }, 'name'],
  ['the name has a line end', { ...GOOD, stream: 'a\nb' }, 'name'],
  ['fewer ranges than events', { ...GOOD, ranges: '10-14' }, '5 events'],
  ['no ranges', { ...GOOD, ranges: '' }, 'list of ranges'],
  ['a range backwards', { ...GOOD, ranges: '14-10' }, 'ascend'],
  ['ranges that overlap', { ...GOOD, ranges: '10-12,12-14' }, 'ascend'],
  ['ranges in another order', { ...GOOD, ranges: '20-20,10-14' }, 'ascend'],
  ['a sign', { ...GOOD, ranges: '+10-15' }, 'number'],
  ['a negative number', { ...GOOD, ranges: '-1-4' }, 'number'],
  ['a fraction', { ...GOOD, ranges: '10.0-15' }, 'number'],
  ['a number beyond 2^53', { ...GOOD, ranges: '9007199254740990-9007199254740995' }, 'number'],
  ['a floor that is none', { ...GOOD, floor: '' }, 'number'],
  ['a floor above what is sent', { ...GOOD, floor: '11' }, 'above'],
])('%s: refused', (_, values, message) => {
  expect(() => senderOf(metadata(values), 6)).toThrow(
    expect.objectContaining({ code: 'FLM6103', message: expect.stringContaining(message) }),
  )
})

test('ids go into a header of every event, but not over those of an earlier hop', () => {
  const batch = batchOf([
    { body: Buffer.from('a') },
    { body: Buffer.from('b'), headers: { id: 'edge-7' } },
  ])
  const result = withIds(batch, 'id', { stream: 'c.e', first: 41 })
  expect({ ...headersAt(result, 0) }).toEqual({ id: 'c.e-41' })
  expect({ ...headersAt(result, 1) }).toEqual({ id: 'edge-7' })
  const all = withHeader(batch, 'id', 'edge')
  expect(withIds(all, 'id', { stream: 'c.e', first: 41 })).toBe(all)
})
