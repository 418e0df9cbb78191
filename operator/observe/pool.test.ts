import { expect, test } from 'vitest'
import { agent, flow, pod, report } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { poolLabels } from '../api/pool-labels.ts'

test('all that is known of a pool, and of those that it hands events to', async () => {
  const labels = poolLabels('hub', 'uid-of-hub')
  const metadata = { namespace: 'logs', labels }
  const config = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { ...metadata, name: 'hub-config' },
  }
  const member = { ...pod('hub', 0), metadata: { ...pod('hub', 0).metadata, labels } }
  const web = flow('web', {
    agentRef: { name: 'hub' },
    sinks: [{ name: 'n', agent: { name: 'far' } }],
  })
  const going = flow(
    'old',
    { agentRef: { name: 'hub' } },
    { deletionTimestamp: 'now', finalizers: ['x/y'] },
  )
  const take = flow('take', { agentRef: { name: 'far' } })
  const { observe, reports } = await testParts(
    agent('hub'),
    agent('far'),
    config,
    member,
    web,
    going,
    take,
  )
  reports.set('pod-hub-0', report())
  const hub = observe('hub')
  expect(hub).toMatchObject({
    namespace: 'logs',
    name: 'hub',
    agent: { metadata: { name: 'hub' } },
  })
  expect(hub.flows.map((each) => each.metadata.name)).toEqual(['web'])
  expect(hub.objects.map(({ kind }) => kind)).toEqual(['ConfigMap'])
  expect([...hub.reports.keys()]).toEqual(['pod-hub-0'])
  expect(hub.targets).toMatchObject([
    { name: 'far', agent: { metadata: { name: 'far' } }, flows: [{ metadata: { name: 'take' } }] },
  ])
  expect(observe('far').targets).toEqual([])
  expect(observe('none')).toMatchObject({ agent: undefined, flows: [], pods: [] })
})
