import { ANNOTATIONS, LABELS } from '../api/constants.ts'
import type { LiveObject } from '../api/live.ts'
import { behind } from './behind.ts'
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
    const outcome = await applyObject(context, request, desired)
    if (outcome === 'written') written.push(describeObject(desired))
    else if (outcome !== 'unchanged') problems.push(outcome)
  }
  return { written, problems }
}

type Outcome = 'unchanged' | 'written' | ApplyProblem

async function applyObject(
  context: ApplyContext,
  { scope, pool, live }: PoolApply,
  desired: KubeObject,
): Promise<Outcome> {
  const { memory } = context
  const object = describeObject(desired)
  const cached = live.find((each) => describeObject(each) === object)
  const current = cached ?? (await lookUp(context, desired))
  if (current !== undefined && current.metadata.labels?.[LABELS.agent] !== pool)
    return nameTaken(object, current)
  // The ConfigMap is where the last good versions are: what is built without them must not replace it.
  if (current !== cached && desired.kind === 'ConfigMap') throw behind(object)
  if (current !== undefined && differences(desired, current).length === 0) return 'unchanged'
  const hash = desired.metadata.annotations?.[ANNOTATIONS.desiredHash] ?? ''
  const request = { scope, object, hash, state: stateOf(current) }
  const known = memory.recall(request)
  if (known !== undefined) return known
  try {
    const answer = await write(context, scope, desired, current)
    const after = stateOf(answer)
    if (after !== request.state) return 'written'
    memory.remember(request)
    return 'unchanged'
  } catch (thrown) {
    const problem = problemOf(object, thrown)
    if (problem === undefined) throw thrown
    memory.remember(request, problem)
    return problem
  }
}

async function write(
  { client, expectations, cacheOf }: ApplyContext,
  scope: string,
  desired: KubeObject,
  current: LiveObject | undefined,
): Promise<KubeObject> {
  const { kind } = desired
  const type = typeOf(kind)
  // Never written from an older state than it has, for the last good versions in it.
  const locked = kind === 'ConfigMap' ? withVersion(desired, current) : desired
  // Its template is the user's in part: it is tried before it is written.
  if (kind === 'StatefulSet') await client.apply(type, locked, { dryRun: true })
  const answer = await client.apply(type, locked)
  expectations.wrote(scope, cacheOf(kind), answer)
  return answer
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

function stateOf(object: LiveObject | undefined): string {
  const { uid = '', resourceVersion = '' } = object?.metadata ?? {}
  return `${uid}/${resourceVersion}`
}

/** Applied to any other version than this one, it is a conflict. */
function withVersion(desired: KubeObject, current: LiveObject | undefined): KubeObject {
  const { resourceVersion } = current?.metadata ?? {}
  if (resourceVersion === undefined) return desired
  return { ...desired, metadata: { ...desired.metadata, resourceVersion } }
}
