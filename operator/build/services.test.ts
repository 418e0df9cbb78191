import { expect, test } from 'vitest'
import { deliver } from '../../agent/config/delivered.ts'
import { flow } from '../../test/operator/objects.ts'
import { headlessServices, sourceServices } from './services.ts'

const hub = { namespace: 'logs', name: 'hub', uid: 'u' }
const delivered = (name: string, sources: object[]) =>
  deliver(flow(name, { agentRef: { name: 'hub' }, sources }), { generation: 1, hops: {} })

test('identity does not end when a pod is not ready, hops do', () => {
  const [pods, ready] = headlessServices(hub)
  expect(pods).toMatchObject({
    metadata: { name: 'hub-pods' },
    spec: { publishNotReadyAddresses: true },
  })
  expect(ready).toMatchObject({ metadata: { name: 'hub-ready' }, spec: { clusterIP: 'None' } })
  expect(ready!['spec']).not.toHaveProperty('publishNotReadyAddresses')
})

test('a source that listens has a Service, two never share one', () => {
  const services = sourceServices(hub, [
    delivered('a-b', [
      { name: 'c', avro: { port: 1 } },
      { name: 's', seq: {} },
    ]),
    delivered('a', [{ name: 'b-c', avro: { port: 2 } }]),
  ])
  const names = services.map(({ metadata }) => metadata.name)
  expect(names[0]).toBe('hub-a-b-c')
  expect(names[1]).toMatch(/^hub-a-b-c-[0-9a-f]{8}$/)
})

test('settings of the Service are those of the source', () => {
  const service = { type: 'NodePort', port: 80, externalTrafficPolicy: 'Cluster' }
  const [only] = sourceServices(hub, [
    delivered('web', [{ name: 'in', http: { port: 8080 }, service }]),
  ])
  expect(only!['spec']).toMatchObject({
    type: 'NodePort',
    externalTrafficPolicy: 'Cluster',
    ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP' }],
  })
})
