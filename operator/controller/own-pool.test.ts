import { describe, expect, test } from 'vitest'
import { agent, flow } from '../../test/operator/objects.ts'
import { testParts } from '../../test/operator/parts.ts'
import { ANNOTATIONS, FINALIZER, FLUME_AGENTS, LABELS } from '../api/constants.ts'
import { claimPool, createOwnPool, isPaused, ownFlowOf } from './own-pool.ts'

describe('a pool of a flow', () => {
  test('is created with its finalizer and an empty specification', async () => {
    const { parts, get, told, key } = await testParts()
    await createOwnPool(parts, key('web'), flow('web'))
    expect(get(FLUME_AGENTS, 'web')).toMatchObject({
      metadata: { labels: { [LABELS.forFlow]: 'uid-of-web' }, finalizers: [FINALIZER] },
      spec: {},
    })
    expect(told).toEqual([
      'FlumeFlow web Normal PoolCreated: made the FlumeAgent web for the flow, as it has no spec.agentRef',
    ])
  })

  test('is never made of one that is there', async () => {
    const { parts, key } = await testParts(agent('web'))
    await expect(createOwnPool(parts, key('web'), flow('web'))).rejects.toMatchObject({
      code: 'FLM7201',
    })
  })

  test('goes to the flow that was made anew under its name', async () => {
    const made = agent(
      'web',
      {},
      { labels: { [LABELS.forFlow]: 'earlier' }, finalizers: [FINALIZER] },
    )
    const { parts, observe, get, key } = await testParts(made, flow('web'))
    const observed = observe('web')
    expect(await claimPool(parts, key('web'), observed, observed.agent!)).toBe(true)
    expect(get(FLUME_AGENTS, 'web')!.metadata.labels).toEqual({
      [LABELS.forFlow]: 'uid-of-web',
    })
  })

  test('goes with its flow, unless another one uses it', async () => {
    const made = agent(
      'web',
      {},
      { labels: { [LABELS.forFlow]: 'earlier' }, finalizers: [FINALIZER] },
    )
    const { parts, observe, get, put, key } = await testParts(
      made,
      flow('other', { agentRef: { name: 'web' } }),
    )
    const used = observe('web')
    expect(await claimPool(parts, key('web'), used, used.agent!)).toBe(false)
    const unused = { ...used, flows: [] }
    // What the caches show is not what there is.
    await expect(claimPool(parts, key('web'), unused, used.agent!)).rejects.toMatchObject({
      code: 'FLM7201',
    })
    await put(flow('other', { agentRef: { name: 'elsewhere' } }))
    expect(await claimPool(parts, key('web'), unused, used.agent!)).toBe(true)
    expect(get(FLUME_AGENTS, 'web')!.metadata.deletionTimestamp).toBeDefined()
  })
})

test('the finalizer joins those that are there', async () => {
  const { parts, observe, get, key } = await testParts(
    agent('hub', {}, { finalizers: ['example.com/mine'] }),
  )
  const observed = observe('hub')
  await claimPool(parts, key('hub'), observed, observed.agent!)
  expect(get(FLUME_AGENTS, 'hub')!.metadata.finalizers).toEqual(['example.com/mine', FINALIZER])
})

test('the flow of a pool is the one of its name without agentRef', async () => {
  const { observe } = await testParts(flow('web'), flow('other', { agentRef: { name: 'web' } }))
  expect(ownFlowOf(observe('web'))!.metadata.name).toBe('web')
  expect(ownFlowOf(observe('other'))).toBeUndefined()
})

test('a pool is paused by the word true alone', () => {
  const paused = (value: string) =>
    isPaused(agent('hub', {}, { annotations: { [ANNOTATIONS.paused]: value } }))
  expect([paused('true'), paused('yes'), isPaused(agent('hub'))]).toEqual([true, false, false])
})
