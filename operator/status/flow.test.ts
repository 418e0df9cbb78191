import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deliver } from '../../agent/config/delivered.ts'
import { NOW, flow, pod, report } from '../../test/operator/objects.ts'
import type { FlowDecision } from '../api/decisions.ts'
import type { PodReport, ReportedFlow } from '../api/live.ts'
import { flowStatus } from './flow.ts'
import type { FlowPool } from './flow.ts'

const web = flow('web', { agentRef: { name: 'hub' } }, { generation: 2 })
const newest = deliver(web, { generation: 2, hops: {} })
const good: FlowDecision = {
  flow: web,
  accepted: { status: 'True', reason: 'Accepted', message: '' },
  resolvedRefs: { status: 'True', reason: 'ResolvedRefs', message: '' },
  delivered: newest,
  isCurrent: true,
}
const runs: Partial<ReportedFlow> = { hash: newest.hash, result: 'applied' }

function poolOf(
  reports: readonly (PodReport | undefined)[],
  more: Partial<FlowPool> = {},
): FlowPool {
  const pods = reports.map((_, i) => pod('hub', i))
  return {
    name: 'hub',
    replicas: reports.length,
    pods,
    reports: new Map(reports.flatMap((each, i) => (each ? [[pods[i]!.metadata.uid!, each]] : []))),
    paused: false,
    isUpdated: () => true,
    now: NOW,
    ...more,
  }
}

const shown = (decision: FlowDecision, pool: FlowPool) => {
  const { conditions, ...rest } = flowStatus(decision, pool)
  return {
    ...rest,
    ...Object.fromEntries(
      conditions!.map(({ type, status, reason, message }) => [
        type,
        `${status} ${reason} ${message}`.trim(),
      ]),
    ),
  }
}

describe('a flow', () => {
  test('that all replicas run is ready', () => {
    expect(shown(good, poolOf([report(runs), report(runs)]))).toEqual({
      observedGeneration: 2,
      agent: 'hub',
      replicas: { total: 2, programmed: 2 },
      backlog: { events: 0, bytes: 0 },
      Accepted: 'True Accepted',
      ResolvedRefs: 'True ResolvedRefs',
      Programmed: 'True Programmed 2 of 2 replicas run it',
      Ready: 'True Ready',
    })
  })

  test('that some do not run yet is pending', () => {
    const pool = poolOf([report(runs), report({ hash: 'old', result: 'applied' })])
    expect(shown(good, pool)).toMatchObject({
      Programmed: 'False Pending 1 of 2 replicas run it',
      Ready: 'False Pending 1 of 2 replicas run it',
    })
    expect(shown(good, { ...pool, paused: true })).toMatchObject({
      Programmed: 'False Paused 1 of 2 replicas run it; the pool is paused',
    })
  })

  test('that an agent refuses says why', () => {
    const refuses = report({ hash: newest.hash, result: 'refused', problems: ['FLM9 no'] })
    expect(shown(good, poolOf([refuses]))).toMatchObject({
      Programmed: 'False Refused hub-0 refuses it: FLM9 no',
    })
  })

  test('whose Secret is missing says which, once the pods have it mounted', () => {
    const missingSecrets = [
      { secret: 'cert', key: 'a' },
      { secret: 'cert', key: 'b' },
    ]
    const held = report({ hash: newest.hash, result: 'refused', missingSecrets })
    const status = shown(good, poolOf([held]))
    expect(status).toMatchObject({
      ResolvedRefs:
        'False SecretNotFound the Secret cert is not there or has no key a. Create it, or add the key: the agents look again by themselves. 1 more are missing.',
      Programmed: 'False Pending 0 of 1 replicas run it',
    })
    expect(shown(good, poolOf([held], { isUpdated: () => false }))).toMatchObject({
      ResolvedRefs: 'True ResolvedRefs',
    })
  })

  test('that fails is not ready', () => {
    expect(
      shown(good, poolOf([report({ ...runs, failures: ['sink out: FLM4301 x'] })])),
    ).toMatchObject({
      Programmed: 'True Programmed 1 of 1 replicas run it',
      Ready: 'False NotReady hub-0: sink out: FLM4301 x',
    })
  })

  test('of a silent agent is unknown, unless another one lacks it', () => {
    const silent = { ...report(runs), reachable: false }
    expect(shown(good, poolOf([report(runs), silent]))).toMatchObject({
      Programmed: 'Unknown AgentsUnreachable 1 of 2 replicas run it; hub-1 did not say',
    })
  })

  test('whose last good version runs says so', () => {
    const bad: FlowDecision = {
      ...good,
      accepted: { status: 'False', reason: 'Invalid', message: 'FLM1203' },
      delivered: deliver(web, { generation: 1, hops: {} }),
      isCurrent: false,
    }
    expect(shown(bad, poolOf([report()]))).toMatchObject({
      Programmed: 'False NotAccepted the agents keep the last good version, generation 1',
      Ready: 'False Invalid FLM1203',
    })
    expect(shown({ ...bad, delivered: undefined }, poolOf([]))).toMatchObject({
      Programmed: 'False NotAccepted no version of it was good: the agents do not run it',
    })
  })

  test('of a pool without replicas is in none', () => {
    expect(shown(good, poolOf([]))).toMatchObject({
      Programmed: 'False NoReplicas the pool has no replicas that could run it',
    })
  })
})

test('the more replicas run a flow, the more are counted, and it is ready with the last', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 6 }), (each) => {
      const status = (known: readonly boolean[]) =>
        shown(
          good,
          poolOf(
            known.map((is) => (is ? report(runs) : report({ hash: 'old', result: 'applied' }))),
          ),
        )
      const more = each.with(each.indexOf(false), true)
      const before = status(each).replicas!.programmed
      expect(status(more).replicas!.programmed).toBeGreaterThanOrEqual(before)
      expect(String((status(each) as { Ready?: string }).Ready).startsWith('True')).toBe(
        each.every(Boolean),
      )
    }),
  )
})
