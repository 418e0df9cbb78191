import { Registry } from 'prom-client'
import { expect, test } from 'vitest'
import { systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { until } from '../../hack/cluster/until.ts'
import { agent, flow, NAMESPACE } from '../../test/operator/objects.ts'
import { FakeApi } from '../../test/operator/fake-api.ts'
import { TestLog } from '../../test/sim/flow-parts.ts'
import { Operator } from './operator.ts'

/** Two operators on one server, with the objects of a user. */
async function start(api: FakeApi, identity: string) {
  const log = new TestLog()
  const operator = new Operator({
    server: api.server,
    namespaces: [NAMESPACE],
    image: 'x',
    election: { namespace: NAMESPACE },
    identity,
    version: '1',
    concurrency: 2,
    onLost: (error) => log.error({ error }, 'lost'),
    registry: new Registry(),
    clock: systemClock,
    random: systemRandom,
    log,
  })
  await operator.start()
  return { operator, log }
}

test('one of two works, the other one when it has stopped', async () => {
  const api = await FakeApi.start()
  for (const plural of ['flumeagents', 'flumeflows'])
    api.refuse(`GET customresourcedefinitions/${plural}.flume-operator.io`, {
      code: 403,
      reason: 'Forbidden',
    })
  const first = await start(api, 'first')
  await until('the first one leads', 10, () => first.log.messages().includes('operator working'))
  const second = await start(api, 'second')
  await until('the caches of the second one', 10, () => second.operator.hasSynced)
  const base = `/apis/flume-operator.io/v1alpha1/namespaces/${NAMESPACE}`
  api.put(`${base}/flumeagents/hub`, agent('hub'))
  api.put(`${base}/flumeflows/web`, flow('web', { agentRef: { name: 'hub' } }))
  await until('the pool is made', 10, () =>
    api.get(`/apis/apps/v1/namespaces/${NAMESPACE}/statefulsets/hub`),
  )
  expect(second.log.messages()).not.toContain('operator working')
  await first.operator.stop()
  await until('the second one leads', 10, () => second.log.messages().includes('operator working'))
  await second.operator.stop()
  await api.close()
})
