import { LABELS } from '../api/constants.ts'
import type { Verdict } from '../api/decisions.ts'
import type { LiveObject, PoolObservation } from '../api/live.ts'
import type { FlumeAgent } from '../api/types.ts'
import { applyPool } from '../apply/apply.ts'
import { behind } from '../apply/behind.ts'
import { describeObject } from '../apply/context.ts'
import { describeDifference, differences } from '../apply/difference.ts'
import { remove, superfluous } from '../apply/prune.ts'
import { deliveredOf } from '../build/pool.ts'
import type { PoolBuild } from '../build/pool.ts'
import { liveAgent, staleness } from '../observe/fresh.ts'
import { isBehind } from './nudges.ts'
import { nudgePods } from './nudge.ts'
import type { Parts } from './parts.ts'
import { roll } from './roll.ts'

/** What became of bringing a pool to what it is to be. */
export interface Brought {
  /** What cannot be done, the worst first. */
  readonly problems: readonly { readonly reason: Verdict['reason']; readonly message: string }[]
  /** Whether a new template was written, that Kubernetes has yet to look at. */
  readonly isTemplateNew: boolean
  readonly stalled: string | undefined
  /** What would be changed; undefined unless the pool is paused. */
  readonly pending: readonly string[] | undefined
  /** What a deletion waits for; undefined unless the pool is being deleted. */
  readonly deleting: string | undefined
  /** Whether agents are to change soon. */
  readonly isPending: boolean
  /** When to look again, if nothing happens before. */
  readonly againMs: number | undefined
  /** What may pass by itself: thrown once the status is written. */
  readonly failure: Error | undefined
}

const IDLE: Brought = {
  problems: [],
  isTemplateNew: false,
  stalled: undefined,
  pending: undefined,
  deleting: undefined,
  isPending: false,
  againMs: undefined,
  failure: undefined,
}

interface Pool {
  readonly observed: PoolObservation
  readonly agent: FlumeAgent
  readonly build: PoolBuild
}

/** An object that the API server refuses is tried again by then. */
const REFUSED_AGAIN_MS = 60_000

/** Apply, prune, roll out, nudge. */
export async function bring(parts: Parts, scope: string, pool: Pool): Promise<Brought> {
  const { observed, agent, build } = pool
  await confirmOwner(parts, observed, agent)
  const { problems: refused, written } = await applyPool(parts.apply, {
    scope,
    pool: observed.name,
    desired: build.objects,
    live: observed.objects,
  })
  const storage = build.storageDifference
  const problems = [
    ...refused,
    ...(storage === undefined
      ? []
      : [{ reason: 'ImmutableFieldChanged' as const, message: storage }]),
  ]
  const isTemplateNew = written.some((each) => each.startsWith('StatefulSet '))
  const base = { ...IDLE, problems, isTemplateNew }
  try {
    await prune(parts, scope, pool)
    // What was just written is looked at first.
    const rolled = isTemplateNew ? { isRolling: true } : await roll(parts, scope, agent, observed)
    const delivered = deliveredOf(build)
    const { configHash } = build
    const nudgeMs = await nudgePods(parts, observed, { configHash, delivered })
    const waits = [rolled.againMs, nudgeMs, refused.length > 0 ? REFUSED_AGAIN_MS : undefined]
    const known = waits.filter((each) => each !== undefined)
    return {
      ...base,
      stalled: rolled.stalled,
      isPending: rolled.isRolling || isAnyBehind(observed, delivered),
      againMs: known.length === 0 ? undefined : Math.min(...known),
    }
  } catch (thrown) {
    const failure = thrown instanceof Error ? thrown : new Error(String(thrown))
    return { ...base, isPending: true, failure }
  }
}

/** What would be changed in a pool that is left as it is. Pure. */
export function preview(observed: PoolObservation, build: PoolBuild | undefined): Brought {
  if (build === undefined) return IDLE
  const changed = build.objects.flatMap((desired) => {
    const object = describeObject(desired)
    const live = observed.objects.find((each) => describeObject(each) === object)
    if (live === undefined) return [`${object} is to be made`]
    return differences(withoutHash(desired), live).map(
      (each) => `${object} ${describeDifference(each)}`,
    )
  })
  const gone = superfluous(build.objects, observed.objects).map(
    (each) => `${describeObject(each)} is to be removed`,
  )
  return { ...IDLE, pending: [...changed, ...gone] }
}

/** The hash says only that there is a difference, the others say which. */
function withoutHash(desired: PoolBuild['objects'][number]): unknown {
  return { ...desired, metadata: { labels: desired.metadata.labels } }
}

function isAnyBehind(
  { pods, reports }: PoolObservation,
  delivered: ReturnType<typeof deliveredOf>,
) {
  return pods.some(({ metadata }) => {
    const report = reports.get(metadata.uid ?? '')
    return report === undefined || isBehind(report, delivered)
  })
}

/**
 * Objects of an earlier FlumeAgent of the same name are taken over, unless it is this one that is the
 * earlier: a cache may be behind.
 */
async function confirmOwner(
  { apply }: Parts,
  { objects, namespace, name }: PoolObservation,
  { metadata }: FlumeAgent,
): Promise<void> {
  const isOurs = ({ metadata: { labels } }: LiveObject) =>
    labels?.[LABELS.agentUid] === metadata.uid
  if (objects.every(isOurs)) return
  const live = await liveAgent(apply.client, { namespace, name })
  if (live?.metadata.uid !== metadata.uid) throw behind(`FlumeAgent ${name}`)
}

/** Removes what the pool is not to have any more, once it is certain that this is still so. */
async function prune({ apply }: Parts, scope: string, { observed, build }: Pool): Promise<void> {
  const gone = superfluous(build.objects, observed.objects)
  // After a write of ours the caches have to catch up, which brings us back.
  if (gone.length === 0 || apply.expectations.unmet(scope).length > 0) return
  const stale = await staleness(apply.client, observed)
  if (stale !== undefined) throw behind(stale)
  for (const object of gone) await remove(apply, scope, object)
}
