import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'
import { compareDelivery } from './delivered.ts'
import type { Delivery } from './delivered.ts'
import { NumberedStream } from './numbered-stream.ts'
import { isReady } from './product.ts'
import type { Pod, Product } from './product.ts'

/** The pools of examples/kubernetes/hub-and-edge.yaml, as it is written there. */
const HUBS = 3
const OUTPUT = '/var/lib/flume/archive'
const SERVICE = 'edge-web-in'

const EVENTS_PER_SECOND = 1000
const CONNECTIONS = 4
/** Between the faults. */
const QUIET_MS = 6000
const SECONDS_MAX = 180

export interface Outcome extends Delivery {
  readonly acknowledged: number
  /** What was killed or deleted, and the seconds until it was ready again. */
  readonly recoveries: readonly (readonly [fault: string, seconds: number])[]
  /** Longest time from the first attempt of a request to its answer, seconds. */
  readonly longestWait: number
  /** Requests that were sent again since no answer came: each may have been taken twice. */
  readonly requestsRepeated: number
}

/**
 * Numbered events go through two pools while an agent is killed, a pod deleted, and a whole pool deleted and
 * applied again: its volumes stay, so its events do. The manifest has been applied.
 */
export async function runStory(
  product: Product,
  manifest: string,
  say: (line: string) => void,
): Promise<Outcome> {
  const recoveries: [string, number][] = []
  const stream = new NumberedStream({
    url: await product.urlOf(SERVICE),
    eventsPerSecond: EVENTS_PER_SECOND,
    connections: CONNECTIONS,
  })
  const fault = async (what: string, act: () => Promise<number>): Promise<void> => {
    await pause(QUIET_MS)
    say(`${what} (${stream.acknowledged.toLocaleString('en')} events acknowledged so far)`)
    const seconds = await act()
    recoveries.push([what, seconds])
    say(`… ready again after ${seconds.toFixed(1)} s`)
  }
  try {
    await until('the first answer', SECONDS_MAX, () => stream.acknowledged > 0)
    await fault('an agent is killed: hub-1', () => kill(product, 'hub-1'))
    await fault('a pod is deleted: edge-0', () => deletePod(product, 'edge-0'))
    await fault('a pool is deleted and applied again: hub', () => deletePool(product, manifest))
    await pause(QUIET_MS)
  } finally {
    await stream.stop(SECONDS_MAX)
  }
  say(`${stream.acknowledged.toLocaleString('en')} events are acknowledged; the last ones arrive`)
  const delivery = await delivered(product, stream.sent)
  return {
    ...delivery,
    acknowledged: stream.acknowledged,
    recoveries,
    longestWait: stream.longestWaitMs / 1000,
    requestsRepeated: stream.requestsRepeated,
  }
}

/** SIGKILL to the agent; the kubelet starts it again on its volume. Seconds until it is ready. */
async function kill(product: Product, pod: string): Promise<number> {
  const restarts = restartsOf(await product.get<Pod>('pod', pod))
  const { namespace } = product
  return secondsOf(async () => {
    await product.cluster.crash({ namespace, pod, container: 'agent' })
    await until(`${pod} is ready again`, SECONDS_MAX, async () => {
      const now = await product.get<Pod>('pod', pod)
      return restartsOf(now) > restarts && isReady(now)
    })
  })
}

async function deletePod(product: Product, pod: string): Promise<number> {
  const { uid } = (await product.get<Pod>('pod', pod)).metadata
  return secondsOf(async () => {
    await product.run(['delete', 'pod', pod, '--wait=false'])
    await until(`another ${pod} is ready`, SECONDS_MAX, async () => {
      const pods = await product.pods('edge')
      return pods.some(({ metadata }) => metadata.name === pod && metadata.uid !== uid) &&
        pods.every(isReady)
        ? true
        : undefined
    })
  })
}

async function deletePool(product: Product, manifest: string): Promise<number> {
  return secondsOf(async () => {
    await product.run(['delete', 'flumeagent', 'hub'])
    await until('no agent of hub is left', SECONDS_MAX, async () => {
      return (await product.pods('hub')).length === 0
    })
    await product.run(['apply', '--filename', manifest])
    await product.untilReady('hub', HUBS, SECONDS_MAX)
  })
}

/** Looks into the outputs until all numbers are there. */
async function delivered(product: Product, count: number): Promise<Delivery> {
  const deadlineMs = performance.now() + 1000 * SECONDS_MAX
  for (;;) {
    const lines: string[] = []
    for (let i = 0; i < HUBS; i++) {
      for (const line of await product.linesIn(`hub-${i}`, OUTPUT)) lines.push(line)
    }
    const delivery = compareDelivery(lines, count)
    if (delivery.lost.length === 0 || performance.now() > deadlineMs) return delivery
    await pause(1000)
  }
}

function restartsOf({ status }: Pod): number {
  return status.containerStatuses?.[0]?.restartCount ?? 0
}

async function secondsOf(act: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await act()
  return (performance.now() - startedAtMs) / 1000
}
