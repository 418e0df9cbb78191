import { FLUME_AGENTS, FLUME_FLOWS } from '../../../operator/api/constants.ts'
import type { FlumeAgent, FlumeFlow } from '../../../operator/api/types.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { RESOURCES } from '../../../operator/kube/resources.ts'
import type { KubeObject, ResourceType } from '../../../operator/kube/types.ts'
import { apiVersionOf } from '../../../operator/kube/types.ts'

/** Requests of the user at the same time. */
const AT_ONCE = 16

const POOLS_PER_NAMESPACE = 10
const FLOWS_PER_POOL = 10
const REPLICAS = 3
const HUB = 'hub'
const HUB_PORT = 4141

export interface FlowPlace {
  readonly namespace: string
  readonly pool: string
  readonly flow: string
}

/**
 * What users have made: in each namespace a hub and nine edges with ten flows each. Every edge hands its events
 * to the hub, one of its flows has a port.
 */
export class Fleet {
  readonly namespaces: readonly string[]
  readonly replicasOfPool = REPLICAS
  readonly pools: readonly { readonly namespace: string; readonly pool: string }[]
  readonly flows: readonly FlowPlace[]
  readonly #client: KubeClient

  constructor(client: KubeClient, namespaces: number) {
    this.#client = client
    this.namespaces = range(namespaces).map((i) => `team-${i}`)
    this.pools = this.namespaces.flatMap((namespace) =>
      range(POOLS_PER_NAMESPACE).map((i) => ({ namespace, pool: i === 0 ? HUB : `edge-${i}` })),
    )
    this.flows = this.pools.flatMap(({ namespace, pool }) =>
      range(FLOWS_PER_POOL).map((i) => ({ namespace, pool, flow: `${pool}-app-${i}` })),
    )
  }

  get replicas(): number {
    return this.pools.length * REPLICAS
  }

  /** Writes all of it. */
  async create(): Promise<void> {
    for (const name of this.namespaces) {
      const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
      await this.#client.create(RESOURCES.namespaces, namespace)
    }
    await each(this.pools, ({ namespace, pool }) =>
      this.#apply<FlumeAgent>(FLUME_AGENTS, namespace, pool, {
        replicas: REPLICAS,
        storage: { size: '10Gi' },
        resources: { requests: { cpu: '100m', memory: '256Mi' }, limits: { memory: '512Mi' } },
      }),
    )
    await each(this.flows, (place) => this.write(place, 'first'))
  }

  /** Writes a flow, with a static header that has this value. */
  write(place: FlowPlace, value: string): Promise<FlumeFlow> {
    const { namespace, pool, flow } = place
    return this.#apply<FlumeFlow>(FLUME_FLOWS, namespace, flow, {
      agentRef: { name: pool },
      sources: [sourceOf(place, value)],
      channels: [{ name: 'disk', file: { capacity: '1Gi' } }],
      sinks: [
        pool === HUB
          ? { name: 'archive', file: { directory: `/var/lib/flume/archive/${flow}` } }
          : { name: 'hub', agent: { name: HUB } },
      ],
    })
  }

  async #apply<T extends KubeObject>(
    type: ResourceType,
    namespace: string,
    name: string,
    spec: object,
  ): Promise<T> {
    const { kind } = type
    const object = { apiVersion: apiVersionOf(type), kind, metadata: { name, namespace }, spec }
    return (await this.#client.apply(type, object)) as KubeObject as T
  }
}

function sourceOf({ pool, flow }: FlowPlace, value: string): object {
  const interceptors = [{ timestamp: {} }, { host: {} }, { static: { key: 'release', value } }]
  if (!flow.endsWith('-0'))
    return { name: 'in', tail: { files: [`/var/log/${flow}/*.log`] }, interceptors }
  if (pool === HUB) return { name: 'in', avro: { port: HUB_PORT }, interceptors }
  return { name: 'in', http: { port: 8080 }, interceptors }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i)
}

async function each<Item>(items: readonly Item[], work: (item: Item) => Promise<unknown>) {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item)
  }
  await Promise.all(range(AT_ONCE).map(worker))
}
