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

function pollerOf(clock: ManualClock, ask: () => Promise<string>): Poller {
  return new Poller({
    pods: () => [pod],
    urlOf: () => new URL('http://127.0.0.1/status'),
    ask,
    onNews: () => {},
    onAnswer: () => {},
    clock,
  })
}

test('the agents of a pool that is to change are asked every second, others every five', async () => {
  const clock = new ManualClock()
  let asked = 0
  const poller = pollerOf(clock, () => {
    asked++
    return new Promise((resolve) => {
      clock.schedule(() => resolve('{"flows":[]}'), ANSWER_MS)
    })
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

test('an agent that is asked at once has answered when that resolves', async () => {
  const poller = pollerOf(new ManualClock(), async () => '{"flows":[]}')
  expect(poller.reportOf('u')).toBeUndefined()
  await poller.refresh([pod])
  expect(poller.reportOf('u')).toMatchObject({ reachable: true, known: true })
})
