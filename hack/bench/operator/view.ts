import { systemClock } from '../../../agent/lib/clock.ts'
import { systemRandom } from '../../../agent/lib/random.ts'
import type { DeliveredFlow } from '../../../agent/config/delivered.ts'
import { deliveredKey } from '../../../agent/config/delivered.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../../operator/api/constants.ts'
import type { ConfigMap } from '../../../operator/api/live.ts'
import { poolNames } from '../../../operator/api/names.ts'
import { MANAGED_SELECTOR } from '../../../operator/api/pool-labels.ts'
import type { Condition, FlumeAgent, FlumeFlow } from '../../../operator/api/types.ts'
import type { KubeClient } from '../../../operator/kube/client.ts'
import { ObjectCache } from '../../../operator/kube/object-cache.ts'
import { RESOURCES } from '../../../operator/kube/resources.ts'
import type { KubeObject, ResourceType } from '../../../operator/kube/types.ts'
import { TestLog } from '../../../test/sim/flow-parts.ts'
import type { Fleet, FlowPlace } from './fleet.ts'

/** What a user sees of the fleet, by watches of its own. */
export class View {
  readonly #agents: ObjectCache<FlumeAgent>
  readonly #flows: ObjectCache<FlumeFlow>
  readonly #configMaps: ObjectCache<ConfigMap>
  readonly #waiting = new Set<() => void>()
  #isToLook = false

  constructor(client: KubeClient) {
    const common = { client, clock: systemClock, random: systemRandom, log: new TestLog() }
    const of = <T extends KubeObject>(type: ResourceType, labelSelector?: string) => {
      const cache = new ObjectCache<T>({
        ...common,
        type,
        ...(labelSelector === undefined ? {} : { labelSelector }),
      })
      cache.onChange(() => this.#changed())
      return cache
    }
    this.#agents = of<FlumeAgent>(FLUME_AGENTS)
    this.#flows = of<FlumeFlow>(FLUME_FLOWS)
    this.#configMaps = of<ConfigMap>(RESOURCES.configMaps, MANAGED_SELECTOR)
  }

  async start(): Promise<void> {
    for (const cache of this.#all) cache.start()
    await Promise.all(this.#all.map((cache) => cache.whenSynced()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#all.map((cache) => cache.stop()))
  }

  /** Until it is so, looked at when something has changed. Resolves to performance.now() then. */
  async until(what: string, secondsMax: number, isSo: () => boolean): Promise<number> {
    const { promise, resolve, reject } = Promise.withResolvers<number>()
    const look = (): void => {
      if (isSo()) resolve(performance.now())
    }
    const timer = setTimeout(
      () => reject(new Error(`${what}: not within ${secondsMax} s`)),
      1000 * secondsMax,
    )
    this.#waiting.add(look)
    try {
      look()
      return await promise
    } finally {
      clearTimeout(timer)
      this.#waiting.delete(look)
    }
  }

  /** Whether all of it is ready in its newest generation. */
  isReady({ pools, flows }: Fleet): boolean {
    return (
      flows.every(({ namespace, flow }) =>
        isTrue(this.#flows.get(`${namespace}/${flow}`), 'Ready'),
      ) &&
      pools.every(({ namespace, pool }) => {
        const agent = this.#agents.get(`${namespace}/${pool}`)
        return isTrue(agent, 'Ready') && conditionOf(agent, 'Progressing')?.reason === 'UpToDate'
      })
    )
  }

  isProgrammed({ namespace, flow }: FlowPlace, generation: number): boolean {
    const found = this.#flows.get(`${namespace}/${flow}`)
    return found?.metadata.generation === generation && isTrue(found, 'Programmed')
  }

  /** What the ConfigMap of its pool has of a flow. */
  delivered({ namespace, pool, flow }: FlowPlace): DeliveredFlow | undefined {
    const configMap = this.#configMaps.get(`${namespace}/${poolNames(pool).configMap}`)
    const text = configMap?.data?.[deliveredKey(flow)]
    return text === undefined ? undefined : (JSON.parse(text) as DeliveredFlow)
  }

  /** Of the object that users wrote last. */
  generationOf({ namespace, flow }: FlowPlace): number | undefined {
    return this.#flows.get(`${namespace}/${flow}`)?.metadata.generation
  }

  /** Once for all changes that came together. */
  #changed(): void {
    if (this.#isToLook) return
    this.#isToLook = true
    setImmediate(() => {
      this.#isToLook = false
      for (const look of this.#waiting) look()
    })
  }

  get #all() {
    return [this.#agents, this.#flows, this.#configMaps]
  }
}

function conditionOf(object: FlumeAgent | FlumeFlow | undefined, type: string) {
  const conditions: readonly Condition[] = object?.status?.conditions ?? []
  const found = conditions.find((each) => each.type === type)
  return found?.observedGeneration === object?.metadata.generation ? found : undefined
}

function isTrue(object: FlumeAgent | FlumeFlow | undefined, type: string): boolean {
  return conditionOf(object, type)?.status === 'True'
}
