import { expect, test } from 'vitest'
import { clientOf } from '../../test/kube/fixture.ts'
import { configMap, eventually, realParts, realServers } from '../../test/kube/real-server.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { COUNT_PERIOD_MS, EventRecorder } from './event-recorder.ts'
import type { KubeEvent } from './event-series.ts'
import { RESOURCES } from './resources.ts'

const real = realServers()

test('the API server takes events, counts them on and shows them with the object', async (context) => {
  const { api, client, namespace } = await real(context)
  const clock = new ManualClock(Date.now())
  const parts = { ...realParts(), clock }
  const recorder = new EventRecorder({
    ...parts,
    client: clientOf(api, parts),
    reportingController: 'flume-operator.io/operator',
    reportingInstance: 'operator-0',
  })
  const object = await client.create(RESOURCES.configMaps, configMap(namespace, 'a'))
  const what = { type: 'Warning', reason: 'FlowRefused', action: 'Deliver' } as const
  const record = (note: string): void => recorder.record(object, { ...what, note, related: object })
  record('€'.repeat(1000))
  record('short')
  record('short')
  const events = async () => {
    const list = await client.list<KubeEvent>(RESOURCES.events, { namespace })
    return list.items.filter(({ reason }) => reason === 'FlowRefused')
  }
  await eventually(() => clock.nextMs === COUNT_PERIOD_MS)
  record('short')
  clock.advance(COUNT_PERIOD_MS)
  await recorder.stop()
  const all = await events()
  expect(all).toHaveLength(2)
  expect(all.find(({ note }) => note === 'short')).toMatchObject({
    type: 'Warning',
    action: 'Deliver',
    reportingController: 'flume-operator.io/operator',
    reportingInstance: 'operator-0',
    regarding: { kind: 'ConfigMap', namespace, name: 'a', uid: object.metadata.uid },
    related: { name: 'a' },
    series: { count: 3 },
  })
  expect(parts.log.lines).toEqual([])
})
