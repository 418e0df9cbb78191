import { stableHash } from '../../agent/config/hash.ts'
import { ANNOTATIONS } from '../api/constants.ts'
import { poolLabels } from '../api/pool-labels.ts'
import type { FlumeAgent } from '../api/types.ts'
import type { KubeObject } from '../kube/types.ts'

/** What the objects of a pool have in common. */
export interface PoolIdentity {
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

export function identityOf(agent: FlumeAgent): PoolIdentity {
  const { namespace = '', name, uid = '' } = agent.metadata
  return { namespace, name, uid }
}

interface Body {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** What stands beside the metadata. */
  readonly content: Readonly<Record<string, unknown>>
  /** The part of the content that is asked for, where the rest is taken from the live object. */
  readonly asked?: unknown
}

/** An object that the pool is to have. */
export type DesiredObject = KubeObject & { readonly [field: string]: unknown }

/**
 * An object of the pool, with its labels. Its annotation says by a hash what was asked for: a field that is
 * not asked for any more differs by it alone.
 */
export function poolObject(pool: PoolIdentity, body: Body): DesiredObject {
  const { apiVersion, kind, name, labels = {}, annotations = {}, content, asked = content } = body
  const metadata = {
    name,
    namespace: pool.namespace,
    labels: { ...labels, ...poolLabels(pool.name, pool.uid) },
  }
  const hash = stableHash({ apiVersion, kind, metadata, annotations, asked })
  return {
    apiVersion,
    kind,
    metadata: { ...metadata, annotations: { ...annotations, [ANNOTATIONS.desiredHash]: hash } },
    ...content,
  }
}
