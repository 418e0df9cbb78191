import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  deleteLeader,
  deletePod,
  deletePool,
  killAgent,
  killLeader,
  loseNode,
} from '../cluster/demo/faults.ts'
import { NumberedStream } from '../cluster/demo/numbered-stream.ts'
import { untilDelivered } from '../cluster/demo/output.ts'
import { Product } from '../cluster/demo/product.ts'
import { cannotRun, localProvider } from '../cluster/local.ts'
import { until } from '../cluster/until.ts'
import { spread } from './numbers.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { table } from './table.ts'
import { ROOT } from './work-folder.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * Recovery on Kubernetes: the pools of examples/kubernetes/hub-and-edge.yaml on a cluster of two nodes of this machine
 * (`npm run setup -- cluster`, root). Numbered events go to the edge by HTTP, 500/s over four connections; one fault
 * after the other, each on an edge, on the hubs or on the operator, with a quiet time between.
 *
 * Clock: from the fault, for a node from the return of its power, until what is to be there is, as the API server says;
 * the look for it takes a tenth of a second. Beside it the longest time that a request waited for its 200, from its
 * first attempt: a sender gives up on a silent connection after 5 s and tries again. At the end the files of the hubs
 * are compared with what was sent: a missing number is a failure.
 */
const NAMESPACE = 'recovery'
const MANIFEST = join(ROOT, 'examples', 'kubernetes', 'hub-and-edge.yaml')
const HUBS = ['hub-0', 'hub-1', 'hub-2']
const OUTPUT = '/var/lib/flume/archive'
const EDGES = 2
const EVENTS_PER_SECOND = 500
const CONNECTIONS = 4
const QUIET_MS = 5_000
const SECONDS_MAX = 240

/** In an order in which no container is killed twice: Kubernetes would wait 10 s and more with its next start. */
const FAULTS: Readonly<Record<string, (product: Product) => Promise<number>>> = {
  'container of an agent killed': (product) => killAgent(product, 'edge-1'),
  'node without power, until it is back': (product) => loseNode(product, 'edge', 'edge-1'),
  'pod of an agent deleted': (product) => deletePod(product, 'edge', 'edge-1'),
  'pool of hubs deleted, and applied again': (product) =>
    deletePool(product, { pool: 'hub', manifest: MANIFEST, replicas: HUBS.length }),
  'pod of the leading operator deleted': deleteLeader,
  'container of the leading operator killed': killLeader,
}

interface Recovery {
  readonly seconds: number
  readonly longestWait: number
}

export async function recovery(work: WorkFolder, effort: Effort): Promise<string> {
  const why = cannotRun()
  if (why !== undefined) throw new Error(why)
  const directory = work.join('cluster')
  try {
    const cluster = await localProvider.up({ directory, nodes: 2, say: () => {} })
    const product = new Product(cluster, NAMESPACE)
    await product.loadImage()
    await product.install()
    await product.makeNamespace()
    await product.run(['apply', '--filename', MANIFEST])
    await product.untilReady('hub', HUBS.length)
    await untilFlowsReady(product)
    return await measure(product, byEffort(effort, { quick: 1, normal: 3, full: 5 }))
  } finally {
    await localProvider.down(directory)
  }
}

async function measure(product: Product, rounds: number): Promise<string> {
  const rate = { eventsPerSecond: EVENTS_PER_SECOND, connections: CONNECTIONS }
  const stream = new NumberedStream({ url: await product.urlOf('edge-web-in'), ...rate })
  const results = new Map<string, Recovery[]>()
  try {
    for (let round = 0; round < rounds; round++) {
      for (const [fault, act] of Object.entries(FAULTS)) {
        await quiet(product, stream)
        stream.takeLongestWait()
        const seconds = await act(product)
        console.log(`… ${fault}: ${seconds.toFixed(1)} s`)
        await quiet(product, stream)
        const longestWait = stream.takeLongestWait() / 1000
        results.set(fault, [...(results.get(fault) ?? []), { seconds, longestWait }])
      }
    }
  } finally {
    await stream.stop(SECONDS_MAX)
  }
  const output = { pods: HUBS, directory: OUTPUT, count: stream.sent }
  const { lost, duplicates } = await untilDelivered(product, output, SECONDS_MAX)
  if (lost.length > 0) throw new Error(`${lost.length} of ${stream.sent} events are lost`)
  const rows = [...results].map(([fault, runs]) => [
    fault,
    spread(runs.map(({ seconds }) => seconds)),
    spread(runs.map(({ longestWait }) => longestWait)),
  ])
  return [
    `## Recovery on Kubernetes, ${rounds} times each`,
    table(['fault', 'recovered after, s', 'longest wait of a request, s'], rows),
    `${stream.acknowledged} events acknowledged, lost 0, twice ${duplicates}, requests sent again ${stream.requestsRepeated}.`,
  ].join('\n\n')
}

/** All is well, and every connection has had an answer since. */
async function quiet(product: Product, stream: NumberedStream): Promise<void> {
  await product.untilReady('edge', EDGES)
  await untilFlowsReady(product)
  const { acknowledged } = stream
  await until('further answers', SECONDS_MAX, () => stream.acknowledged > acknowledged)
  await pause(QUIET_MS)
}

async function untilFlowsReady(product: Product): Promise<void> {
  for (const flow of ['web', 'collect']) await product.untilCondition(`flumeflow/${flow}`, 'Ready')
}
