import { systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import type { Pod } from '../../operator/api/live.ts'
import { ObjectCache } from '../../operator/kube/object-cache.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { TestLog } from '../sim/flow-parts.ts'
import type { Hands } from './hands.ts'

/** An object that was there and is not any more. */
export interface Deleted {
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly object: KubeObject
}

/** Of a pod, what it ran. */
export function imageOf(object: KubeObject): string | undefined {
  return (object as Pod & { spec?: { containers?: readonly { image?: string }[] } }).spec
    ?.containers?.[0]?.image
}

const TYPES = [RESOURCES.statefulSets, RESOURCES.pods, RESOURCES.volumeClaims]

/** Watches what ends in a namespace, by UID: one of the same name that takes its place is another one. */
export class Deletions {
  readonly #caches: readonly ObjectCache<KubeObject>[]
  #seen: Deleted[] = []

  private constructor({ cluster, namespace }: Hands) {
    this.#caches = TYPES.map(
      (type) =>
        new ObjectCache({
          client: cluster.client,
          type,
          namespaces: [namespace],
          clock: systemClock,
          random: systemRandom,
          log: new TestLog(),
        }),
    )
    for (const cache of this.#caches)
      cache.onChange(({ type, object }) => {
        const { name, uid = '' } = object.metadata
        if (type === 'deleted') this.#seen.push({ kind: cache.type.kind, name, uid, object })
      })
  }

  static async start(hands: Hands): Promise<Deletions> {
    const deletions = new Deletions(hands)
    for (const cache of deletions.#caches) cache.start()
    await Promise.all(deletions.#caches.map((each) => each.whenSynced()))
    return deletions
  }

  async stop(): Promise<void> {
    await Promise.all(this.#caches.map((each) => each.stop()))
  }

  /** Those since the last time, once everything until now was seen. */
  async take(hands: Hands): Promise<readonly Deleted[]> {
    for (const cache of this.#caches) {
      const listed = await hands.list<KubeObject>(cache.type)
      const seen = () =>
        cache.size === listed.length &&
        listed.every(
          ({ metadata }) =>
            cache.get(`${metadata.namespace}/${metadata.name}`)?.metadata.uid === metadata.uid,
        )
      await hands.until(`all ${cache.type.plural} are seen`, async () => seen())
    }
    return this.#seen.splice(0)
  }
}
