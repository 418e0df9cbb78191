import { expect, test } from 'vitest'
import { BATCH_EVENTS, NumberedStream } from '../../hack/cluster/demo/numbered-stream.ts'
import { untilDelivered } from '../../hack/cluster/demo/output.ts'
import { incarnations } from '../../hack/cluster/demo/product.ts'
import { until } from '../../hack/cluster/until.ts'
import { OUTPUT, UNWRITABLE, flow, pool } from './manifests.ts'
import { useStage } from './stage.ts'

/** What is deleted while events wait in it: they stay, that is told, and what is made again delivers them. */

const stage = useStage('deletion')

const POLICIES = ['background', 'foreground'] as const
const FLOW = 'stuck'
const REPLICAS = 2
const EVENTS = 2000
const SECONDS_MAX = 120

interface EventList {
  readonly items: readonly {
    readonly type: string
    readonly reason: string
    readonly message: string
  }[]
}

interface Claims {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: { readonly phase: string }
  }[]
}

/** A pool whose only flow delivers nothing, with events in it. Resolves to how many. */
async function backlog(name: string, agentRef: { name: string } | undefined): Promise<number> {
  const { product } = stage
  const owner = agentRef === undefined ? name : FLOW
  await product.untilReady(name, agentRef === undefined ? 1 : REPLICAS)
  await product.untilCondition(`flumeflow/${owner}`, 'Programmed')
  const url = await product.urlOf(`${name}-${owner}-in`)
  const stream = new NumberedStream({ url, eventsPerSecond: 10 * EVENTS, connections: 4 })
  try {
    await until('answers', SECONDS_MAX, () => stream.acknowledged >= EVENTS)
  } finally {
    await stream.stop(SECONDS_MAX)
  }
  return stream.sent
}

async function shared(name: string): Promise<number> {
  await stage.product.apply(
    pool(name, { replicas: REPLICAS, storage: { size: '1Gi' } }),
    stuck(name, UNWRITABLE),
  )
  return backlog(name, { name })
}

function stuck(name: string, directory: string): object {
  return flow(FLOW, { agentRef: { name }, directory })
}

async function delivers(pods: readonly string[], count: number): Promise<void> {
  const output = { pods, directory: OUTPUT, count }
  const delivery = await untilDelivered(stage.product, output, SECONDS_MAX)
  expect(delivery).toMatchObject({ lost: [], strangers: [] })
  expect(delivery.duplicates).toBeLessThanOrEqual(BATCH_EVENTS)
}

/** An Event about an object, which comes a moment after what it tells of. */
async function told(about: string, reason: string): Promise<{ type: string; message: string }> {
  return until(`an Event ${reason} about ${about}`, SECONDS_MAX, async () => {
    const selector = `--field-selector=involvedObject.name=${about},reason=${reason}`
    return (await stage.product.get<EventList>('events', selector)).items.at(-1)
  })
}

/** Names of the claims of a pool that have a volume. */
async function claims(name: string): Promise<string[]> {
  const selector = `--selector=app.kubernetes.io/instance=${name}`
  const { items } = await stage.product.get<Claims>('persistentvolumeclaims', selector)
  return items
    .filter(({ status }) => status.phase === 'Bound')
    .map(({ metadata }) => metadata.name)
    .toSorted()
}

/** What the operator made for a pool and is there yet. */
async function made(name: string): Promise<string> {
  const kinds = 'statefulsets,pods,services,configmaps,serviceaccounts,poddisruptionbudgets'
  const selector = `--selector=flume-operator.io/agent=${name}`
  return stage.product.run(['get', kinds, selector, '--output=name'])
}

test.for(POLICIES)('a flow with a backlog is deleted (%s)', async (policy) => {
  const { product } = stage
  const name = `flow-${policy}`
  const pods = [`${name}-0`, `${name}-1`]
  const sent = await shared(name)
  const before = incarnations(await product.pods(name))
  await product.run(['delete', 'flumeflow', FLOW, `--cascade=${policy}`])
  await product.untilCondition(`flumeagent/${name}`, 'Degraded')
  const degraded = await product.condition(`flumeagent/${name}`, 'Degraded')
  expect(degraded).toMatchObject({
    reason: 'OrphanedBacklog',
    message: expect.stringContaining(
      `the channel disk of the flow ${FLOW}, which is gone (${pods.join(', ')})`,
    ),
  })
  expect(await told(name, 'OrphanedBacklog')).toMatchObject({ type: 'Warning' })
  await product.apply(stuck(name, OUTPUT))
  await delivers(pods, sent)
  await product.untilCondition(`flumeagent/${name}`, 'Degraded=False')
  expect(incarnations(await product.pods(name))).toEqual(before)
  await product.run(['delete', 'flumeflow', FLOW])
})

test.for(POLICIES)('a pool with a backlog is deleted (%s)', async (policy) => {
  const { product } = stage
  const name = `pool-${policy}`
  const sent = await shared(name)
  await product.run(['delete', 'flumeagent', name, `--cascade=${policy}`])
  expect(await made(name)).toBe('')
  expect(await claims(name)).toEqual([`data-${name}-0`, `data-${name}-1`])
  const event = await told(name, 'VolumesKept')
  expect(event.type).toBe('Warning')
  expect(event.message).toMatch(/^About \d+ events were not delivered\. The volumes are kept: /)
  expect(event.message).toContain(`data-${name}-0, data-${name}-1`)
  await product.untilCondition(`flumeflow/${FLOW}`, 'Accepted=False')
  const accepted = await product.condition(`flumeflow/${FLOW}`, 'Accepted')
  expect(accepted).toMatchObject({
    reason: 'AgentNotFound',
    message: expect.stringContaining(`there is no FlumeAgent "${name}" in the namespace`),
  })
  await product.apply(
    pool(name, { replicas: REPLICAS, storage: { size: '1Gi' } }),
    stuck(name, OUTPUT),
  )
  await product.untilReady(name, REPLICAS)
  await delivers([`${name}-0`, `${name}-1`], sent)
  await product.run(['delete', 'flumeflow', FLOW])
})

test.for(POLICIES)('a flow with a pool of its own is deleted (%s)', async (policy) => {
  const { product } = stage
  const name = `own-${policy}`
  await product.apply(flow(name, { directory: UNWRITABLE }))
  await until(`the pool of ${name}`, SECONDS_MAX, async () => (await product.pods(name)).length > 0)
  const sent = await backlog(name, undefined)
  await product.run(['delete', 'flumeflow', name, `--cascade=${policy}`])
  await product.run(['wait', `flumeagent/${name}`, '--for=delete', `--timeout=${SECONDS_MAX}s`])
  expect(await made(name)).toBe('')
  expect(await claims(name)).toEqual([`data-${name}-0`])
  expect(await told(name, 'VolumesKept')).toMatchObject({ type: 'Warning' })
  await product.apply(flow(name, {}))
  await until(`the pool of ${name}`, SECONDS_MAX, async () => (await product.pods(name)).length > 0)
  await product.untilReady(name, 1)
  await delivers([`${name}-0`], sent)
})
