import type { PoolObservation } from '../api/live.ts'
import type { FlumeAgent } from '../api/types.ts'
import { decideFlows } from '../build/flows.ts'
import { buildPool } from '../build/pool.ts'
import { isNamespaceTerminating } from '../kube/errors.ts'
import type { Outcome, Reconcile } from '../kube/workers.ts'
import { observePool } from '../observe/pool.ts'
import { bring, preview } from './bring.ts'
import type { Brought } from './bring.ts'
import { finalize } from './finalize.ts'
import { claimPool, createOwnPool, isPaused, ownFlowOf } from './own-pool.ts'
import type { Parts } from './parts.ts'
import { writeAgentStatus, writeFlowStatuses } from './statuses.ts'

/** How long to wait for caches that do not show yet what was written; a change of theirs comes sooner. */
const CATCH_UP_MS = 1_000
/** Where nothing else tells of progress. */
const LOOK_AGAIN_MS = 5_000

/**
 * One pool: observe, build, apply, prune, status. It starts from what there is and ends wherever something
 * has to happen first: whatever happens then brings it back.
 */
export function makeReconcile(parts: Parts): Reconcile {
  return async (key) => {
    try {
      if (parts.apply.expectations.unmet(key).length > 0) return after(CATCH_UP_MS)
      const observed = observePool(parts.caches, key, (uid) => parts.poller.reportOf(uid))
      if (observed.agent === undefined) return await withoutAgent(parts, key, observed)
      return await withAgent(parts, key, observed, observed.agent)
    } catch (thrown) {
      // Nothing can be made any more, and what is there goes by itself.
      if (isNamespaceTerminating(thrown)) return { result: 'done' }
      throw thrown
    }
  }
}

async function withoutAgent(
  parts: Parts,
  key: string,
  observed: PoolObservation,
): Promise<Outcome> {
  const flow = ownFlowOf(observed)
  if (flow !== undefined) {
    await createOwnPool(parts, key, flow)
    return { result: 'done' }
  }
  if (observed.flows.length === 0) parts.forget(key)
  parts.poller.setPending(key, false)
  return after(await writeFlowStatuses(parts, key, observed, decideFlows(observed)))
}

async function withAgent(
  parts: Parts,
  key: string,
  observed: PoolObservation,
  agent: FlumeAgent,
): Promise<Outcome> {
  if (agent.metadata.deletionTimestamp !== undefined) return removed(parts, key, observed, agent)
  if (!isPaused(agent) && (await claimPool(parts, key, observed, agent))) return { result: 'done' }
  const build = buildPool(observed, agent, parts)
  const brought = isPaused(agent)
    ? preview(observed, build)
    : await bring(parts, key, { observed, agent, build })
  const isSettled = await show(parts, key, observed, { agent, brought, decisions: build.flows })
  parts.poller.setPending(key, brought.isPending)
  if (brought.failure !== undefined) throw brought.failure
  return after(brought.againMs, isSettled)
}

/** Until all that was made for it is gone. */
async function removed(
  parts: Parts,
  key: string,
  before: PoolObservation,
  agent: FlumeAgent,
): Promise<Outcome> {
  parts.poller.setPending(key, false)
  const observed = await withLastWords(parts, key, before)
  const waitsFor = await finalize(parts, key, observed, agent)
  const decisions = decideFlows(observed)
  if (waitsFor === undefined) return after(await writeFlowStatuses(parts, key, observed, decisions))
  const brought: Brought = { ...preview(observed, undefined), deleting: waitsFor }
  await show(parts, key, observed, { agent, brought, decisions })
  return after(LOOK_AGAIN_MS)
}

/** Before the pods are told to end they are asked once more: what is told about their volumes is to be right. */
async function withLastWords(
  { caches, poller }: Parts,
  key: string,
  observed: PoolObservation,
): Promise<PoolObservation> {
  const { objects, pods } = observed
  const isFirst = objects.some(
    ({ kind, metadata }) => kind === 'StatefulSet' && metadata.deletionTimestamp === undefined,
  )
  if (!isFirst) return observed
  await poller.refresh(pods)
  return observePool(caches, key, (uid) => poller.reportOf(uid))
}

interface Shown {
  readonly agent: FlumeAgent
  readonly brought: Brought
  readonly decisions: ReturnType<typeof decideFlows>
}

/** Resolves to when a status is to be written that may not be yet. */
async function show(
  parts: Parts,
  key: string,
  observed: PoolObservation,
  { agent, brought, decisions }: Shown,
): Promise<number | undefined> {
  const waits = [
    await writeAgentStatus(parts, key, observed, { agent, brought, decisions }),
    await writeFlowStatuses(parts, key, observed, decisions),
  ]
  return soonest(waits)
}

function after(...waits: readonly (number | undefined)[]): Outcome {
  const delayMs = soonest(waits)
  return delayMs === undefined ? { result: 'done' } : { result: 'after', delayMs }
}

function soonest(waits: readonly (number | undefined)[]): number | undefined {
  const known = waits.filter((each) => each !== undefined)
  return known.length === 0 ? undefined : Math.min(...known)
}
