import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Product } from './demo/product.ts'
import { runStory } from './demo/story.ts'
import type { Outcome } from './demo/story.ts'
import { attachLocal } from './local.ts'

/**
 * `npm run cluster:demo`: the product on the cluster of `npm run cluster:up`. Builds and loads the image, installs
 * the chart, applies examples/kubernetes/hub-and-edge.yaml, sends numbered events through both pools while an
 * agent is killed, a pod and a whole pool deleted, and compares what came out with what was
 * acknowledged. Exits with 1 when an event is lost.
 *
 *   node hack/cluster/demo.ts [--state DIR]
 */
const ROOT = join(import.meta.dirname, '..', '..')
const NAMESPACE = 'flume-demo'
const MANIFEST = join(ROOT, 'examples', 'kubernetes', 'hub-and-edge.yaml')

const { values } = parseArgs({
  options: { state: { type: 'string', default: join(ROOT, '.cluster') } },
})
const startedAtMs = performance.now()
const say = (line: string): void => {
  const seconds = (performance.now() - startedAtMs) / 1000
  console.log(`${seconds.toFixed(1).padStart(6)} s  ${line}`)
}

try {
  process.exitCode = await main()
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  console.error('\nWhat the cluster says: npm run cluster:status')
  process.exitCode = 1
}

async function main(): Promise<number> {
  const product = new Product(attachLocal(resolve(values.state)), NAMESPACE)
  say('the image is built and loaded into all nodes')
  await product.loadImage()
  say('the chart is installed')
  await product.install()
  say(`${MANIFEST.slice(ROOT.length + 1)} is applied`)
  await product.makeNamespace()
  await product.run(['apply', '--filename', MANIFEST])
  await product.untilReady('hub', 3)
  await product.untilReady('edge', 2)
  say('all agents are ready')
  await untilFlowsReady(product)
  say('all flows are ready: numbered events are sent')
  const outcome = await runStory(product, MANIFEST, say)
  await untilFlowsReady(product)
  console.log(tableOf(outcome))
  console.log(`$ kubectl --namespace ${NAMESPACE} get flumeagents,flumeflows`)
  console.log(await product.run(['get', 'flumeagents,flumeflows']))
  return outcome.lost.length > 0 ? 1 : 0
}

async function untilFlowsReady(product: Product): Promise<void> {
  await product.run(['wait', 'flumeflows', '--all', '--for=condition=Ready', '--timeout=60s'])
}

function tableOf(outcome: Outcome): string {
  const row = (name: string, value: string, note = ''): string =>
    `  ${name.padEnd(44)}${value.padStart(9)}${note === '' ? '' : `   ${note}`}`
  const count = (value: number): string => value.toLocaleString('en')
  return [
    '',
    row('acknowledged', count(outcome.acknowledged)),
    row('delivered', count(outcome.delivered)),
    row('lost', count(outcome.lost.length)),
    row('duplicates', count(outcome.duplicates), 'what was under way at a fault'),
    row('not ours', count(outcome.strangers.length)),
    '',
    ...outcome.recoveries.map(([fault, seconds]) =>
      row(fault, `${seconds.toFixed(1)} s`, 'until ready'),
    ),
    row('requests sent again', count(outcome.requestsRepeated)),
    row('longest wait of a request', `${outcome.longestWait.toFixed(1)} s`),
    '',
  ].join('\n')
}
