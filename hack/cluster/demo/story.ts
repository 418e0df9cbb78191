import { setTimeout as pause } from 'node:timers/promises'
import { until } from '../until.ts'
import type { Delivery } from './delivered.ts'
import { deletePod, deletePool, killAgent } from './faults.ts'
import { untilDelivered } from './output.ts'
import { NumberedStream } from './numbered-stream.ts'
import type { Product } from './product.ts'

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
    await fault('an agent is killed: hub-1', () => killAgent(product, 'hub-1'))
    await fault('a pod is deleted: edge-0', () => deletePod(product, 'edge', 'edge-0'))
    await fault('a pool is deleted and applied again: hub', () =>
      deletePool(product, { pool: 'hub', manifest, replicas: HUBS }),
    )
    await pause(QUIET_MS)
  } finally {
    await stream.stop(SECONDS_MAX)
  }
  say(`${stream.acknowledged.toLocaleString('en')} events are acknowledged; the last ones arrive`)
  const pods = Array.from({ length: HUBS }, (_, i) => `hub-${i}`)
  const output = { pods, directory: OUTPUT, count: stream.sent }
  const delivery = await untilDelivered(product, output, SECONDS_MAX)
  return {
    ...delivery,
    acknowledged: stream.acknowledged,
    recoveries,
    longestWait: stream.longestWaitMs / 1000,
    requestsRepeated: stream.requestsRepeated,
  }
}
