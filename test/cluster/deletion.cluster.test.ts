import { expect, test } from 'vitest'
import { killAgent } from '../../hack/cluster/demo/faults.ts'
import { BATCH_EVENTS, NumberedStream } from '../../hack/cluster/demo/numbered-stream.ts'
import { untilDelivered } from '../../hack/cluster/demo/output.ts'
import { incarnations } from '../../hack/cluster/demo/product.ts'
import type { Pod } from '../../hack/cluster/demo/product.ts'
import { until } from '../../hack/cluster/until.ts'
import { OUTPUT, UNWRITABLE, flow, pool } from './manifests.ts'
import { useStage } from './stage.ts'

/** What is deleted while events wait in it: they stay, that is told, and what is made again delivers them. */

const stage = useStage('deletion')

const POLICIES = ['background', 'foreground'] as const
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

interface AgentStatus {
  readonly flows: readonly {
    readonly channels: readonly { readonly stats: { readonly backlogEvents: number } }[]
  }[]
}

interface Claims {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly status: { readonly phase: string }
  }[]
}

interface Waiting {
  /** How many events wait. */
  readonly count: number
  /** Agents that they wait in. */
  readonly pods: readonly string[]
}

/** Fills the flow of a pool, both of one name, which delivers nothing. */
async function fill(name: string, replicas: number): Promise<Waiting> {
  const { product } = stage
  await product.untilReady(name, replicas)
  await product.untilCondition(`flumeflow/${name}`, 'Programmed')
  const url = await product.urlOf(`${name}-${name}-in`)
  const stream = new NumberedStream({ url, eventsPerSecond: 10 * EVENTS, connections: 4 })
  try {
    await until('answers', SECONDS_MAX, () => stream.acknowledged >= EVENTS)
  } finally {
    await stream.stop(SECONDS_MAX)
  }
  const pods: string[] = []
  for (const pod of await product.pods(name))
    if ((await waiting(pod)) > 0) pods.push(pod.metadata.name)
  return { count: stream.sent, pods: pods.toSorted() }
}

/** Events in the channel of an agent, as it says itself. */
async function waiting({ metadata }: Pod): Promise<number> {
  const { namespace } = stage.product
  const path = `/api/v1/namespaces/${namespace}/pods/${metadata.name}:8081/proxy/status`
  const status = JSON.parse(await stage.product.run(['get', '--raw', path])) as AgentStatus
  return status.flows[0]?.channels[0]?.stats.backlogEvents ?? 0
}

function both(name: string, directory: string): [object, object] {
  return [
    pool(name, { replicas: REPLICAS, storage: { size: '1Gi' } }),
    flow(name, { agentRef: { name }, directory }),
  ]
}

async function delivers(waits: Waiting): Promise<void> {
  const output = { ...waits, directory: OUTPUT }
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

/** The volumes of a pool that is gone are there, and an Event says so, and that events wait in them. */
async function keeps(name: string, replicas: number): Promise<void> {
  const kept = Array.from({ length: replicas }, (_, ordinal) => `data-${name}-${ordinal}`)
  expect(await claims(name)).toEqual(kept)
  const { type, message } = await told(name, 'VolumesKept')
  expect(type).toBe('Warning')
  expect(message).toMatch(/^About \d+ events were not delivered\. The volumes are kept: /)
  expect(message).toContain(kept.join(', '))
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
  const [agent, before] = both(name, UNWRITABLE)
  await product.apply(agent, before)
  const waits = await fill(name, REPLICAS)
  await product.run(['delete', 'flumeflow', name, `--cascade=${policy}`])
  await product.untilCondition(`flumeagent/${name}`, 'Degraded')
  // One that starts anew knows the flow from its volume only.
  await killAgent(product, waits.pods[0]!)
  const containers = incarnations(await product.pods(name))
  const channel = `the channel disk of the flow ${name}, which is gone (${waits.pods.join(', ')})`
  expect(await product.condition(`flumeagent/${name}`, 'Degraded')).toMatchObject({
    reason: 'OrphanedBacklog',
    message: expect.stringContaining(channel),
  })
  expect(await told(name, 'OrphanedBacklog')).toMatchObject({ type: 'Warning' })
  const [, after] = both(name, OUTPUT)
  await product.apply(after)
  await delivers(waits)
  await product.untilCondition(`flumeagent/${name}`, 'Degraded=False')
  expect(incarnations(await product.pods(name))).toEqual(containers)
})

test.for(POLICIES)('a pool with a backlog is deleted (%s)', async (policy) => {
  const { product } = stage
  const name = `pool-${policy}`
  await product.apply(...both(name, UNWRITABLE))
  const waits = await fill(name, REPLICAS)
  await product.run(['delete', 'flumeagent', name, `--cascade=${policy}`])
  expect(await made(name)).toBe('')
  await keeps(name, REPLICAS)
  await product.untilCondition(`flumeflow/${name}`, 'Accepted=False')
  expect(await product.condition(`flumeflow/${name}`, 'Accepted')).toMatchObject({
    reason: 'AgentNotFound',
    message: expect.stringContaining(`there is no FlumeAgent "${name}" in the namespace`),
  })
  await product.apply(...both(name, OUTPUT))
  await product.untilReady(name, REPLICAS)
  await delivers(waits)
})

test.for(POLICIES)('a flow with a pool of its own is deleted (%s)', async (policy) => {
  const { product } = stage
  const name = `own-${policy}`
  await product.apply(flow(name, { directory: UNWRITABLE }))
  const waits = await fill(name, 1)
  await product.run(['delete', 'flumeflow', name, `--cascade=${policy}`])
  await product.run(['wait', `flumeagent/${name}`, '--for=delete', `--timeout=${SECONDS_MAX}s`])
  expect(await made(name)).toBe('')
  await keeps(name, 1)
  await product.apply(flow(name, {}))
  await product.untilReady(name, 1)
  await delivers(waits)
})
