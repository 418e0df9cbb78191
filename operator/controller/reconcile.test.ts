import { describe, expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { ANNOTATIONS, FINALIZER, FLUME_AGENTS, FLUME_FLOWS } from '../api/constants.ts'
import type { Condition } from '../api/types.ts'
import { makeReconcile } from './reconcile.ts'

const hub = agent('hub')
const web = flow('web', { agentRef: { name: 'hub' } })
const reasons = (
  object:
    { readonly status?: { readonly conditions?: readonly Condition[] } | undefined } | undefined,
) =>
  Object.fromEntries((object?.status?.conditions ?? []).map(({ type, reason }) => [type, reason]))

describe('a pool', () => {
  test('gets its finalizer, its objects, its status, and then rests', async () => {
    const { settle, api, get } = await testParts(hub, web)
    expect(await settle('hub')).toEqual({ result: 'done' })
    expect(api.writes.map((each) => each.replace(/^PATCH /, ''))).toEqual([
      'flumeagents/hub',
      'serviceaccounts/hub',
      'configmaps/hub-config',
      'services/hub-pods',
      'services/hub-ready',
      'services/hub-web-in',
      'poddisruptionbudgets/hub',
      'statefulsets/hub',
      'flumeagents/hub/status',
      'flumeflows/web/status',
      // Once the StatefulSet is seen.
      'flumeagents/hub/status',
    ])
    expect(reasons(get(FLUME_FLOWS, 'web'))).toEqual({
      Accepted: 'Accepted',
      ResolvedRefs: 'ResolvedRefs',
      Programmed: 'Pending',
      Ready: 'Pending',
    })
  })

  test('that is not there leaves its flows waiting', async () => {
    const { settle, get } = await testParts(web)
    await settle('hub')
    expect(reasons(get(FLUME_FLOWS, 'web'))).toMatchObject({ Accepted: 'AgentNotFound' })
  })

  test('is made for a flow without one', async () => {
    const { settle, get } = await testParts(flow('own'))
    await settle('own')
    expect(get(FLUME_AGENTS, 'own')!.metadata.finalizers).toEqual([FINALIZER])
  })

  test('that is paused is told what would change, and nothing else is written', async () => {
    const paused = agent('hub', {}, { annotations: { [ANNOTATIONS.paused]: 'true' } })
    const { settle, api, get } = await testParts(paused, web)
    await settle('hub')
    expect(api.writes).toEqual(['PATCH flumeagents/hub/status', 'PATCH flumeflows/web/status'])
    expect(reasons(get(FLUME_AGENTS, 'hub'))).toMatchObject({ Paused: 'Paused' })
  })

  test('that is being deleted is taken down', async () => {
    const going = agent(
      'hub',
      {},
      { deletionTimestamp: '2026-01-01T00:00:00Z', finalizers: [FINALIZER] },
    )
    const { settle, api, get } = await testParts(going, web)
    api.refuse('GET namespaces/logs', { code: 403, reason: 'Forbidden' })
    await settle('hub')
    expect(get(FLUME_AGENTS, 'hub')).toBeUndefined()
  })
})

test('nothing is done before the caches show what was written', async () => {
  const { parts, api, key } = await testParts(hub)
  const answer = { ...hub, metadata: { ...hub.metadata, resourceVersion: '999999' } }
  parts.apply.expectations.wrote(key('hub'), parts.caches.agents, answer)
  const outcome = await makeReconcile(parts)(key('hub'), AbortSignal.timeout(1000))
  expect(outcome).toEqual({ result: 'after', delayMs: 1000 })
  expect(api.writes).toEqual([])
})

test('in a namespace that ends, what cannot be made is no failure', async () => {
  const { parts, api, key } = await testParts(hub)
  const causes = [{ reason: 'NamespaceTerminating', message: '' }]
  api.refuse('PATCH flumeagents/hub', { code: 403, reason: 'Forbidden', details: { causes } })
  expect(await makeReconcile(parts)(key('hub'), AbortSignal.timeout(1000))).toEqual({
    result: 'done',
  })
})
