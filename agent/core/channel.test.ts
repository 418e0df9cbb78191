import { expect, test } from 'vitest'
import { SINK_STATE_BYTES_MAX, checkSinkState } from './channel.ts'

test('sink state up to the bound is kept, above it is an error of the sink', () => {
  expect(() => checkSinkState('out', Buffer.alloc(SINK_STATE_BYTES_MAX))).not.toThrow()
  expect(() => checkSinkState('out', Buffer.alloc(SINK_STATE_BYTES_MAX + 1))).toThrow(/sink out/)
})
