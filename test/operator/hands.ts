import { sleep, systemClock } from '../../agent/lib/clock.ts'
import { until } from '../../hack/cluster/until.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import type { FlumeAgent, FlumeFlow } from '../../operator/api/types.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { isNotFound } from '../../operator/kube/errors.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { KubeObject, ResourceType } from '../../operator/kube/types.ts'
import { apiVersionOf } from '../../operator/kube/types.ts'
import { isAway } from './away.ts'
import type { TestCluster } from './cluster.ts'

/** A PodDisruptionBudget that did not see an evicted pod go counts it as missing for two minutes. */
const SECONDS_MAX = 180
/** Between attempts while the API server is away. */
const AGAIN_MS = 100

/** The hands and eyes of a user in one namespace. What the API server cannot answer is tried again. */
export class Hands {
  readonly namespace: string
  readonly cluster: TestCluster

  constructor(cluster: TestCluster, namespace: string) {
    this.cluster = cluster
    this.namespace = namespace
  }

  async makeNamespace(): Promise<void> {
    const metadata = { name: this.namespace }
    await this.try((client) =>
      client.create(RESOURCES.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata }),
    )
  }

  /** Reasons of the Events about an object. */
  async told(kind: string, name: string): Promise<readonly string[]> {
    const events = await this.list<KubeObject & Happened>(RESOURCES.events)
    return events
      .filter(({ regarding }) => regarding.kind === kind && regarding.name === name)
      .map(({ type, reason, note }) => `${type} ${reason}: ${note}`)
  }

  /** Server-side apply, as a user. Resolves to the object. */
  async apply<T extends KubeObject>(
    type: ResourceType,
    name: string,
    spec: object,
    metadata: object = {},
  ): Promise<T> {
    const object = {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: { name, namespace: this.namespace, ...metadata },
      spec,
    }
    return (await this.try((client) => client.apply(type, object))) as KubeObject as T
  }

  agent(name: string, spec: object = {}, metadata: object = {}): Promise<FlumeAgent> {
    return this.apply<FlumeAgent>(FLUME_AGENTS, name, spec, metadata)
  }

  flow(name: string, spec: object = {}): Promise<FlumeFlow> {
    return this.apply<FlumeFlow>(FLUME_FLOWS, name, {
      sources: [{ name: 'in', avro: { port: 4141 } }],
      sinks: [{ name: 'out', null: {} }],
      ...spec,
    })
  }

  async remove(
    type: ResourceType,
    name: string,
    propagationPolicy: 'Background' | 'Foreground' = 'Background',
  ): Promise<void> {
    const object = { namespace: this.namespace, name }
    await this.try((client) => client.delete(type, object, { propagationPolicy }))
  }

  async get<T extends KubeObject>(type: ResourceType, name: string): Promise<T | undefined> {
    try {
      return await this.try((client) => client.get<T>(type, { namespace: this.namespace, name }))
    } catch (thrown) {
      if (isNotFound(thrown)) return undefined
      throw thrown
    }
  }

  async list<T extends KubeObject>(type: ResourceType): Promise<readonly T[]> {
    const { namespace } = this
    return (await this.try((client) => client.list<T>(type, { namespace }))).items
  }

  /** Until a condition of an object has this reason, for the newest generation. */
  async reason(
    type: ResourceType,
    name: string,
    condition: string,
    reason: string,
  ): Promise<string> {
    let message = ''
    await this.until(`${condition} of ${name} is ${reason}`, async () => {
      const object = await this.get<FlumeAgent | FlumeFlow>(type, name)
      const found = object?.status?.conditions?.find((each) => each.type === condition)
      message = found?.message ?? ''
      return found?.reason === reason && found.observedGeneration === object?.metadata.generation
    })
    return message
  }

  flowReady(name: string): Promise<string> {
    return this.reason(FLUME_FLOWS, name, 'Ready', 'Ready')
  }

  async agentReady(name: string): Promise<void> {
    await this.reason(FLUME_AGENTS, name, 'Ready', 'AllReplicasReady')
    await this.reason(FLUME_AGENTS, name, 'Progressing', 'UpToDate')
  }

  /** `FlumeFlow web Ready True Ready` */
  async conditions(): Promise<string[]> {
    const objects = [
      ...(await this.list<FlumeAgent>(FLUME_AGENTS)),
      ...(await this.list<FlumeFlow>(FLUME_FLOWS)),
    ]
    return objects.flatMap(({ kind, metadata, status }) =>
      (status?.conditions ?? []).map(({ type, status: value, reason, message }) =>
        `${kind} ${metadata.name} ${type} ${value} ${reason} ${message}`.trim(),
      ),
    )
  }

  /** Fails with the conditions there are, and what is said to be of use, when it never becomes so. */
  async until(what: string, look: () => Promise<unknown>): Promise<void> {
    try {
      await until(what, SECONDS_MAX, async () => Boolean(await look()))
    } catch (error) {
      const state = await this.conditions().catch(() => [])
      const text = [String(error), ...state, ...this.clues()].join('\n')
      throw new Error(text, { cause: error })
    }
  }

  /** What else to show when something never becomes so. */
  protected clues(): readonly string[] {
    return []
  }

  /** Makes a request of the user's until the API server answers it. */
  async try<Answer>(request: (client: KubeClient) => Promise<Answer>): Promise<Answer> {
    for (const endMs = performance.now() + 1000 * SECONDS_MAX; ;) {
      try {
        return await request(this.cluster.client)
      } catch (thrown) {
        if (!isAway(thrown) || performance.now() > endMs) throw thrown
        await sleep(systemClock, AGAIN_MS)
      }
    }
  }
}

interface Happened {
  readonly regarding: { readonly kind: string; readonly name: string }
  readonly type: string
  readonly reason: string
  readonly note: string
}
