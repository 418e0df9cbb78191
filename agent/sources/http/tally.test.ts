import { expect, it } from 'vitest'
import { TAKEN, badRequest } from './answer.ts'
import { Tally } from './tally.ts'

it('counts answers and remembers the last refusal', () => {
  const tally = new Tally()
  tally.count(badRequest('no JSON'), '10.0.0.1', 0)
  tally.count(TAKEN, '10.0.0.2', 1)
  tally.count(TAKEN, undefined, 2)
  expect(tally.status()).toEqual({
    answers: { 200: 2, 400: 1 },
    lastRefused: {
      status: 400,
      reason: 'no JSON',
      from: '10.0.0.1',
      time: '1970-01-01T00:00:00.000Z',
    },
  })
})
