import { stableHash } from '../../agent/config/hash.ts'
import { LABELS } from '../api/constants.ts'
import type { LiveObject } from '../api/live.ts'
import { isNotFound } from '../kube/errors.ts'
import type { KubeObject } from '../kube/types.ts'
import { describeObject, typeOf } from './context.ts'
import type { ApplyContext } from './context.ts'
import { differences } from './difference.ts'
import { problemOf } from './problems.ts'
import type { ApplyProblem } from './problems.ts'

/** What is asked for, and what there is. */
export interface PoolApply {
  /** Key of the pool. */
  readonly scope: string
  readonly pool: string
  /** In the order in which they are written. */
  readonly desired: readonly KubeObject[]
  /** The objects of the pool, as the caches have them. */
  readonly live: readonly LiveObject[]
}

export interface Applied {
  /** `StatefulSet hub`, of what was written. */
  readonly written: readonly string[]
  readonly problems: readonly ApplyProblem[]
}

/**
 * Brings the objects of a pool to what is asked for, with no request for what is so already. One that the
 * API server refuses does not hold up the others; anything that may pass by itself rejects.
 */
export async function applyPool(context: ApplyContext, request: PoolApply): Promise<Applied> {
  const written: string[] = []
  const problems: ApplyProblem[] = []
  for (const desired of request.desired) {
    const object = describeObject(desired)
    try {
      const outcome = await applyObject(context, request, desired)
      if (outcome === 'written') written.push(object)
      else if (outcome !== 'unchanged') problems.push(outcome)
    } catch (thrown) {
      const problem = problemOf(object, thrown)
      if (problem === undefined) throw thrown
      problems.push(problem)
    }
  }
  return { written, problems }
}

type Outcome = 'unchanged' | 'written' | ApplyProblem

async function applyObject(
  context: ApplyContext,
  { scope, pool, live }: PoolApply,
  desired: KubeObject,
): Promise<Outcome> {
  const { client, expectations, memory, cacheOf } = context
  const object = describeObject(desired)
  const known = live.find((each) => describeObject(each) === object)
  const current = known ?? (await lookUp(context, desired))
  if (current !== undefined && current.metadata.labels?.[LABELS.agent] !== pool)
    return nameTaken(object, current)
  if (current !== undefined && differences(desired, current).length === 0) return 'unchanged'
  const hash = stableHash(desired)
  const before = stateOf(current, hash)
  if (before !== undefined && memory.isKnown(scope, object, before)) return 'unchanged'
  // The ConfigMap is where the last good versions are: it is never written from an older state than it has.
  const locked = desired.kind === 'ConfigMap' ? withVersion(desired, current) : desired
  // Its template is the user's in part. Refused as a whole, it must not be half of what was written.
  if (desired.kind === 'StatefulSet')
    await client.apply(typeOf(desired.kind), locked, { dryRun: true })
  const answer = await client.apply(typeOf(desired.kind), locked)
  expectations.wrote(scope, cacheOf(desired.kind), answer)
  const after = stateOf(answer, hash)
  if (after === undefined || after.resourceVersion !== before?.resourceVersion) return 'written'
  memory.remember(scope, object, after)
  return 'unchanged'
}

/** The object as the server has it now: what no cache shows may be somebody else's. */
async function lookUp({ client }: ApplyContext, desired: KubeObject) {
  try {
    return await client.get<KubeObject>(typeOf(desired.kind), desired.metadata)
  } catch (thrown) {
    if (isNotFound(thrown)) return undefined
    throw thrown
  }
}

function nameTaken(object: string, { metadata }: LiveObject): ApplyProblem {
  const pool = metadata.labels?.[LABELS.agent]
  const owner =
    pool === undefined ? 'was not made by the operator' : `belongs to the FlumeAgent ${pool}`
  const message = `${object} is there already and ${owner}: it is left as it is. Rename or remove it, or rename the FlumeAgent`
  return { reason: 'NameTaken', object, message }
}

function stateOf(object: LiveObject | undefined, hash: string) {
  const { uid, resourceVersion } = object?.metadata ?? {}
  return uid === undefined || resourceVersion === undefined
    ? undefined
    : { uid, hash, resourceVersion }
}

/** Applied to any other version than this one, it is a conflict. */
function withVersion(desired: KubeObject, current: LiveObject | undefined): KubeObject {
  const { resourceVersion } = current?.metadata ?? {}
  if (resourceVersion === undefined) return desired
  return { ...desired, metadata: { ...desired.metadata, resourceVersion } }
}
