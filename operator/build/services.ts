import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { Listener } from '../../agent/config/listeners.ts'
import { serviceSchema } from '../../agent/config/service-schema.ts'
import { isPlainObject } from '../api/list-keys.ts'
import { LABELS } from '../api/constants.ts'
import { poolNames, serviceNames } from '../api/names.ts'
import { selectorLabels } from '../api/pool-labels.ts'
import { listenersOfFlow, manifestOf } from './manifests.ts'
import { poolObject } from './objects.ts'
import type { DesiredObject, PoolIdentity } from './objects.ts'
import { ADMIN_PORT } from './ports.ts'

/** The two Services without an address of their own, which resolve to the pods. */
export function headlessServices(pool: PoolIdentity): readonly DesiredObject[] {
  const spec = {
    clusterIP: 'None',
    selector: selectorLabels(pool.name),
    ports: [{ name: 'admin', port: ADMIN_PORT, targetPort: ADMIN_PORT, protocol: 'TCP' }],
  }
  const names = poolNames(pool.name)
  return [
    // The identity of a pod does not end when it is not ready.
    service(pool, names.podsService, { ...spec, publishNotReadyAddresses: true }),
    // Senders of other pools ask this one: the scale of the pool is not in their configuration.
    service(pool, names.readyService, spec),
  ]
}

/** A Service for each source that listens. */
export function sourceServices(
  pool: PoolIdentity,
  flows: readonly DeliveredFlow[],
): readonly DesiredObject[] {
  const listeners = flows.flatMap(({ manifest }) =>
    listenersOfFlow(manifestOf(manifest)).map((listener) => ({ listener, spec: manifest.spec })),
  )
  const names = serviceNames(
    pool.name,
    listeners.map(({ listener }) => listener),
  )
  return listeners.map(({ listener, spec }, i) =>
    sourceService(pool, names[i]!, listener, settingsOf(spec, listener.source)),
  )
}

function sourceService(
  pool: PoolIdentity,
  name: string,
  listener: Listener,
  settings: ReturnType<typeof settingsOf>,
): DesiredObject {
  const { type, port, annotations, externalTrafficPolicy } = settings
  const ports = [
    {
      name: listener.type,
      port: port ?? listener.port,
      targetPort: listener.port,
      protocol: 'TCP',
    },
  ]
  const outside = externalTrafficPolicy === undefined ? {} : { externalTrafficPolicy }
  return poolObject(pool, {
    apiVersion: 'v1',
    kind: 'Service',
    name,
    labels: { [LABELS.flow]: listener.flow, [LABELS.source]: listener.source },
    ...(annotations === undefined ? {} : { annotations }),
    content: { spec: { type, selector: selectorLabels(pool.name), ports, ...outside } },
  })
}

/** The `service` of a source, with defaults. Its flow was checked. */
function settingsOf(spec: unknown, source: string) {
  const sources = isPlainObject(spec) && Array.isArray(spec['sources']) ? spec['sources'] : []
  const own: unknown = sources.find((each) => isPlainObject(each) && each['name'] === source)
  return serviceSchema.parse((isPlainObject(own) ? own['service'] : undefined) ?? {})
}

function service(
  pool: PoolIdentity,
  name: string,
  spec: Readonly<Record<string, unknown>>,
): DesiredObject {
  return poolObject(pool, { apiVersion: 'v1', kind: 'Service', name, content: { spec } })
}
