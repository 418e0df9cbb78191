import { expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { LABELS } from '../api/constants.ts'
import type { Pod } from '../api/live.ts'
import { Poller } from './poller.ts'

/** How long an agent takes to answer. */
const ANSWER_MS = 40
const STEP_MS = 20

const pod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'hub-0', namespace: 'n', uid: 'u', labels: { [LABELS.agent]: 'hub' } },
}

test('the agents of a pool that is to change are asked every second, others every five', async () => {
  const clock = new ManualClock()
  let asked = 0
  const poller = new Poller({
    pods: () => [pod],
    urlOf: () => new URL('http://127.0.0.1/status'),
    ask: () => {
      asked++
      return new Promise((resolve) => {
        clock.schedule(() => resolve('{"flows":[]}'), ANSWER_MS)
      })
    },
    onNews: () => {},
    onAnswer: () => {},
    clock,
  })
  const askedWithin = async (ms: number): Promise<number> => {
    const before = asked
    for (let passed = 0; passed < ms; passed += STEP_MS) {
      clock.advance(STEP_MS)
      await turns()
    }
    return asked - before
  }
  poller.start()
  expect(await askedWithin(10_000)).toBe(2)
  poller.setPending('n/hub', true)
  expect(await askedWithin(10_000)).toBe(10)
  poller.setPending('n/hub', false)
  expect(await askedWithin(10_000)).toBe(2)
  poller.stop()
})
