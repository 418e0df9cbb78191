import { expect, test } from 'vitest'
import { Tally } from './tally.ts'

test('answers by kind, connections by what became of them', () => {
  const tally = new Tally()
  for (const answer of ['OK', 'OK', 'FAILED', { error: 'x' }] as const) tally.answered(answer)
  tally.refused++
  expect(tally.status()).toEqual({
    requestsOk: 2,
    requestsFailed: 1,
    requestsWrong: 1,
    connectionsRefused: 1,
    connectionsBad: 0,
  })
})
