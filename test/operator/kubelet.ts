import { flowOfKey, readDelivered } from '../../agent/config/delivered.ts'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import { secretsOf } from '../../agent/config/secrets.ts'
import { sleep, systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { ANNOTATIONS, LABELS } from '../../operator/api/constants.ts'
import type { ConfigMap, Pod } from '../../operator/api/live.ts'
import { MANAGED_SELECTOR } from '../../operator/api/pool-labels.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { objectIn } from '../../operator/kube/answers.ts'
import { isConflict, isNotFound } from '../../operator/kube/errors.ts'
import { ObjectCache } from '../../operator/kube/object-cache.ts'
import { objectPath } from '../../operator/kube/paths.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { Transport } from '../../operator/kube/transport.ts'
import { TestLog } from '../sim/flow-parts.ts'
import { Addresses } from './addresses.ts'
import type { Address } from './addresses.ts'
import { agentAnswer } from './agent-answer.ts'
import type { Left } from './agent-answer.ts'
import { isAway } from './away.ts'

/** An image whose pods never start. */
export const BROKEN_IMAGE = 'broken'

/** A pod as the API server has it. */
type MadePod = Pod & {
  readonly spec?: {
    readonly nodeName?: string
    readonly containers?: readonly { image?: string }[]
  }
}

interface Agent {
  readonly pod: Pod
  readonly delivered: readonly DeliveredFlow[]
}

const NODE = 'node'
const AGAIN_MS = 100
/**
 * Until the containers of a pod have ended. A PodDisruptionBudget counts a pod that was evicted as gone for two
 * minutes unless it sees it go, also when it has a successor of the same name.
 */
const TERMINATION_MS = 300
const CALL_TIMEOUT_MS = 10_000
/** Of a pod that never starts. */
const NOWHERE = '127.255.0.1'

/**
 * Stands for kubelets and agents: pods that a StatefulSet makes run and are ready, have the configuration
 * that was there when they started, and see a newer one when they are nudged. Each answers at an address of
 * its own.
 */
export class Kubelet {
  readonly #client: KubeClient
  readonly #transport: Transport
  readonly #addresses = new Addresses()
  readonly #pods: ObjectCache<MadePod>
  /** By UID of the pod. */
  readonly #taken = new Map<string, Address>()
  /** `namespace/secret/key` */
  readonly #secrets = new Set<string>()
  /** By `namespace/flow`: what each replica holds. */
  readonly #backlogs = new Map<string, number>()
  /** By `namespace/flow`, channels that nothing drains. */
  readonly #left = new Map<string, Left>()
  /** By UID of the pod. */
  readonly #agents = new Map<string, Agent>()
  readonly #inWork = new Set<Promise<void>>()
  #isOver = false

  constructor(client: KubeClient, transport: Transport) {
    this.#client = client
    this.#transport = transport
    this.#pods = new ObjectCache({
      client,
      type: RESOURCES.pods,
      labelSelector: MANAGED_SELECTOR,
      clock: systemClock,
      random: systemRandom,
      log: new TestLog(),
    })
  }

  async start(): Promise<void> {
    this.#pods.onChange(({ type, object, old }) => {
      const { uid = '', deletionTimestamp } = object.metadata
      if (type === 'deleted') this.#end(uid)
      else if (deletionTimestamp !== undefined) {
        this.#end(uid)
        if (old?.metadata.deletionTimestamp === undefined) this.#later(() => this.#remove(object))
      } else if (type === 'added') this.#later(() => this.#run(object))
      else if (nudgeOf(object) !== (old && nudgeOf(old))) this.#later(() => this.#load(object))
    })
    this.#pods.start()
    await this.#pods.whenSynced()
  }

  async stop(): Promise<void> {
    this.#isOver = true
    await this.#pods.stop()
    await Promise.all(this.#inWork)
    for (const uid of this.#taken.keys()) this.#end(uid)
  }

  /** The flows that the agents of a namespace have, each once for each replica. */
  versions(namespace: string): readonly DeliveredFlow[] {
    return [...this.#agents.values()]
      .filter(({ pod }) => pod.metadata.namespace === namespace)
      .flatMap(({ delivered }) => delivered)
  }

  /** A Secret is there, with a key. The agents see it at the next nudge. */
  addSecret(namespace: string, secret: string, key: string): void {
    this.#secrets.add(`${namespace}/${secret}/${key}`)
  }

  /** Each replica holds so many events of the flow. */
  setBacklog(namespace: string, flow: string, events: number): void {
    this.#backlogs.set(`${namespace}/${flow}`, events)
  }

  /** Each replica holds events of the flow in a channel that is in no flow. */
  leave(namespace: string, flow: string, left: Left): void {
    this.#left.set(`${namespace}/${flow}`, left)
  }

  #later(work: () => Promise<void>): void {
    const done = this.#persist(work).finally(() => this.#inWork.delete(done))
    this.#inWork.add(done)
  }

  /** As a kubelet does while the API server is away. */
  async #persist(work: () => Promise<void>): Promise<void> {
    while (!this.#isOver) {
      try {
        await work()
        return
      } catch (thrown) {
        // The pod is gone, or was changed by another: that brings it back here.
        if (isNotFound(thrown) || isConflict(thrown)) return
        if (!isAway(thrown)) throw thrown
        await sleep(systemClock, AGAIN_MS)
      }
    }
  }

  #end(uid: string): void {
    this.#agents.delete(uid)
    this.#taken.get(uid)?.close()
    this.#taken.delete(uid)
  }

  async #run(pod: MadePod): Promise<void> {
    await this.#bind(pod)
    const isBroken = pod.spec?.containers?.some(({ image }) => image === BROKEN_IMAGE) === true
    if (isBroken) {
      const waiting = { reason: 'ImagePullBackOff', message: 'no such image' }
      await this.#patch(pod, {
        phase: 'Pending',
        ...addresses(NOWHERE),
        conditions: conditions('False'),
        containerStatuses: [container({ waiting })],
      })
      return
    }
    await this.#load(pod)
    await this.#patch(pod, {
      phase: 'Running',
      ...addresses(await this.#addressOf(pod)),
      conditions: conditions('True'),
      containerStatuses: [container({ running: { startedAt: '2026-01-01T00:00:00Z' } })],
    })
  }

  /** A pod that is on no node is deleted without a moment in which it terminates. */
  async #bind({ metadata }: MadePod): Promise<void> {
    const plural = `pods/${metadata.name}/binding`
    const type = { ...RESOURCES.pods, plural, kind: 'Binding' }
    const { name, namespace, uid } = metadata
    const target = { kind: 'Node', name: NODE }
    const binding = {
      apiVersion: 'v1',
      kind: 'Binding',
      metadata: { name, ...(namespace && { namespace }), ...(uid && { uid }) },
      target,
    }
    await this.#client.create(type, binding).catch((thrown: unknown) => {
      // An attempt before this one was carried out, and nobody heard of it.
      if (!isConflict(thrown)) throw thrown
    })
  }

  /** Its containers have ended. */
  async #remove({ metadata: { name, namespace, uid } }: MadePod): Promise<void> {
    await sleep(systemClock, TERMINATION_MS)
    const options = { gracePeriodSeconds: 0, preconditions: { uid } }
    const text = JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', ...options })
    const path = objectPath(RESOURCES.pods, { name, namespace: namespace! })
    const body = { type: 'application/json', text }
    const said = { tried: `remove Pod ${name}`, labels: { verb: 'delete', kind: 'Pod' } }
    const request = { method: 'DELETE', path, body, ...said } as const
    objectIn(await this.#transport.send(request, CALL_TIMEOUT_MS), request.tried)
  }

  async #addressOf({ metadata: { uid = '' } }: Pod): Promise<string> {
    const address =
      this.#taken.get(uid) ??
      (await this.#addresses.take((_, response) => {
        const agent = this.#agents.get(uid)
        response.statusCode = agent === undefined ? 503 : 200
        response.end(agent === undefined ? '' : JSON.stringify(this.#statusOf(agent)))
      }))
    this.#taken.set(uid, address)
    return address.ip
  }

  async #patch({ metadata }: Pod, status: object): Promise<void> {
    const { uid, namespace, name } = metadata
    const pod = { namespace: namespace!, name }
    const merge = { metadata: { uid }, status }
    await this.#client.patch(RESOURCES.pods, pod, { merge }, { subresource: 'status' })
  }

  async #load(pod: Pod): Promise<void> {
    const { namespace, labels, uid = '' } = pod.metadata
    const name = `${labels![LABELS.agent]}-config`
    const { data = {} } = await this.#client.get<ConfigMap>(RESOURCES.configMaps, {
      namespace: namespace!,
      name,
    })
    const delivered = Object.entries(data).flatMap(([key, text]) => {
      const read = readDelivered(text)
      return flowOfKey(key) !== undefined && 'flow' in read ? [read.flow] : []
    })
    this.#agents.set(uid, { pod, delivered })
  }

  #statusOf({ pod, delivered }: Agent): object {
    const namespace = pod.metadata.namespace!
    const gone = [...this.#left.keys()].flatMap((key) => {
      const [of, flow = ''] = key.split('/')
      return of !== namespace || delivered.some((each) => each.flow === flow) ? [] : [flow]
    })
    return agentAnswer({
      agent: pod.metadata.labels![LABELS.agent]!,
      ordinal: Number(pod.metadata.name.split('-').at(-1)),
      delivered,
      backlogOf: (flow) => this.#backlogs.get(`${namespace}/${flow}`) ?? 0,
      leftOf: (flow) => this.#left.get(`${namespace}/${flow}`),
      gone,
      missingOf: ({ manifest }) =>
        secretsOf(manifest).flatMap(({ secret, keys }) =>
          keys
            .filter((key) => !this.#secrets.has(`${namespace}/${secret}/${key}`))
            .map((key) => ({ secret, key })),
        ),
    })
  }
}

function nudgeOf({ metadata }: Pod): string | undefined {
  return metadata.annotations?.[ANNOTATIONS.config]
}

function addresses(ip: string): object {
  return { podIP: ip, podIPs: [{ ip }] }
}

function conditions(ready: 'True' | 'False'): object[] {
  return ['Ready', 'ContainersReady', 'Initialized'].map((type) => ({ type, status: ready }))
}

function container(state: object): object {
  return {
    name: 'agent',
    image: 'x',
    imageID: 'x',
    ready: true,
    restartCount: 0,
    started: true,
    state,
  }
}
