import { expect, test } from 'vitest'
import { beyondLimit, malformed } from './wire-error.ts'

test('neither is tried again, and a limit comes with its cure', () => {
  expect(malformed('a length is -1')).toMatchObject({ code: 'FLM6101', retryable: false })
  const error = beyondLimit('a message has 9 bytes', 'raise maxFrameSize')
  expect(error).toMatchObject({ code: 'FLM6102', retryable: false })
  expect(error.message).toContain('a message has 9 bytes; raise maxFrameSize')
})
