import { expect, test } from 'vitest'
import { agent, flow, pod, report } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { FLUME_FLOWS } from '../api/constants.ts'
import { poolLabels } from '../api/pool-labels.ts'
import { decideFlows } from '../build/flows.ts'
import { writeFlowStatuses } from './statuses.ts'

const web = flow('web', { agentRef: { name: 'hub' } })
const member = {
  ...pod('hub', 0),
  metadata: { ...pod('hub', 0).metadata, labels: poolLabels('hub', 'u') },
}
const waits = (events: number) =>
  report({ backlog: { events, bytes: events, oldestEventTime: undefined } })

async function start() {
  const all = await testParts(agent('hub'), web, member)
  const write = async () => {
    await all.caughtUp('hub')
    const observed = all.observe('hub')
    return writeFlowStatuses(all.parts, all.key('hub'), observed, decideFlows(observed))
  }
  return {
    ...all,
    write,
    backlog: () => all.get(FLUME_FLOWS, 'web')!.status?.backlog?.events,
  }
}

test('a status is written when it changes, and what changed is told', async () => {
  const { write, api, told, reports } = await start()
  reports.set('pod-hub-0', waits(0))
  await write()
  await write()
  expect(api.writes).toEqual(['PATCH flumeflows/web/status'])
  expect(told).toEqual([])
})

test('a backlog that changes is written once a minute', async () => {
  const { write, clock, reports, backlog, api } = await start()
  reports.set('pod-hub-0', waits(7))
  expect(await write()).toBeUndefined()
  expect(backlog()).toBe(7)
  reports.set('pod-hub-0', waits(8))
  expect(await write()).toBe(60_000)
  expect([backlog(), api.writes.length]).toEqual([7, 1])
  clock.advance(60_000)
  expect(await write()).toBeUndefined()
  expect(backlog()).toBe(8)
})

test('before an agent was asked, a status that is up to date stays', async () => {
  const { write, api, reports } = await start()
  reports.set('pod-hub-0', waits(0))
  await write()
  reports.clear()
  await write()
  expect(api.writes).toHaveLength(1)
})

test('a flow that is gone in the meantime needs no status', async () => {
  const { write, api, reports } = await start()
  reports.set('pod-hub-0', waits(0))
  api.refuse('PATCH flumeflows/web/status', { code: 404, reason: 'NotFound' })
  expect(await write()).toBeUndefined()
})
