import { expect, test } from 'vitest'
import { noRoomError, tooLargeError, tooMuchError } from './intake-errors.ts'

const name = { flow: 'orders', source: 'in' }
const limits = { batchEventsMax: 10, batchBytesMax: 1000 }

test('each names the source, says whether trying again helps, and has the figures as facts', () => {
  expect(noRoomError(name, 5)).toMatchObject({
    code: 'FLM5105',
    retryable: true,
    facts: { flow: 'orders', source: 'in', events: 5 },
  })
  expect(tooMuchError(name, 7, 900)).toMatchObject({
    code: 'FLM5102',
    retryable: true,
    facts: { batches: 7, bytes: 900 },
  })
  expect(tooLargeError(name, 2, limits)).toMatchObject({
    code: 'FLM2203',
    retryable: false,
    message: expect.stringContaining('1000 bytes'),
  })
})
