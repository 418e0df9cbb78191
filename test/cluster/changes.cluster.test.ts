import { expect, test } from 'vitest'
import { BATCH_EVENTS, NumberedStream } from '../../hack/cluster/demo/numbered-stream.ts'
import { untilDelivered } from '../../hack/cluster/demo/output.ts'
import { incarnations } from '../../hack/cluster/demo/product.ts'
import type { Resource } from '../../hack/cluster/demo/product.ts'
import { until } from '../../hack/cluster/until.ts'
import { SERVER_FILES } from '../tls/certificates.ts'
import { OUTPUT, flow, pool } from './manifests.ts'
import { useStage } from './stage.ts'

/**
 * Flows of a pool are changed, well and badly, while another one delivers a numbered stream all the time. The tests
 * share the pool and the stream; the last one counts.
 */

const POOL = 'shared'
const GOOD = 'good'
const REPLICAS = 3
const PODS = Array.from({ length: REPLICAS }, (_, ordinal) => `${POOL}-${ordinal}`)
const agentRef = { name: POOL }
const EVENTS_PER_SECOND = 500
const CONNECTIONS = 4
const CHANGES = 20
const SECONDS_MAX = 180
const TRIAL = '/var/lib/flume/trial'

let stream: NumberedStream
const stage = useStage('changes', async (product) => {
  await product.apply(
    pool(POOL, { replicas: REPLICAS, storage: { size: '5Gi' } }),
    flow(GOOD, { agentRef }),
  )
  await product.untilReady(POOL, REPLICAS)
  await product.untilCondition(`flumeflow/${GOOD}`, 'Ready')
  const url = await product.urlOf(`${POOL}-${GOOD}-in`)
  const rate = { eventsPerSecond: EVENTS_PER_SECOND, connections: CONNECTIONS }
  stream = new NumberedStream({ url, ...rate })
})

/** A flow beside the good one, which writes elsewhere. */
function trial(name: string, options: { port: number; mark?: string; http?: object }): object {
  return flow(name, { agentRef, directory: TRIAL, ...options })
}

/**
 * While `act` goes on, no container is started anew, the good flow stays as it is, and every request to it is answered
 * within the time-out of its sender: none is sent again.
 */
async function undisturbed(act: () => Promise<void>): Promise<void> {
  const { product } = stage
  const before = await inOrder()
  const repeated = stream.requestsRepeated
  await act()
  const { acknowledged } = stream
  await until('further answers', SECONDS_MAX, () => stream.acknowledged > acknowledged)
  expect(stream.requestsRepeated).toBe(repeated)
  expect(await inOrder()).toEqual(before)

  async function inOrder(): Promise<object> {
    const { status } = await product.get<Resource>('flumeflow', GOOD)
    const since = status!.conditions!.map((each) => [each.type, each.lastTransitionTime])
    return { containers: incarnations(await product.pods(POOL)), since }
  }
}

async function refusal(object: object): Promise<string> {
  return stage.product.apply(object).then(
    () => 'it was taken',
    (error: Error) => error.message,
  )
}

test('a misspelt field is refused with its path; put right, the flow runs', async () => {
  const { product } = stage
  await undisturbed(async () => {
    const object = trial('misspelt', { port: 8082 })
    const text = JSON.stringify(object).replace('"rollInterval"', '"rollIntervall"')
    const said = await refusal(JSON.parse(text) as object)
    expect(said).toContain('unknown field "spec.sinks[0].file.rollIntervall"')
    await product.apply(object)
    await product.untilCondition('flumeflow/misspelt', 'Ready')
  })
})

test('a channel that is not there is refused by name; put right, the flow runs', async () => {
  const { product } = stage
  await undisturbed(async () => {
    const object = trial('dangling', { port: 8083 })
    const text = JSON.stringify(object).replace('"channel":"disk"', '"channel":"disc"')
    const said = await refusal(JSON.parse(text) as object)
    expect(said).toContain('sink "out" names channel "disc", which is not in spec.channels')
    await product.apply(object)
    await product.untilCondition('flumeflow/dangling', 'Ready')
  })
})

test('of two flows with one port the younger says who has it; put right, it runs', async () => {
  const { product } = stage
  await undisturbed(async () => {
    await product.apply(trial('late', { port: 8080 }))
    await product.untilCondition('flumeflow/late', 'Accepted=False')
    const condition = await product.condition('flumeflow/late', 'Accepted')
    expect(condition).toMatchObject({
      reason: 'PortConflict',
      message: expect.stringContaining('spec.sources[0].http.port: port 8080 is taken by'),
    })
    expect(condition!.message).toContain(`${GOOD}/in`)
    await product.apply(trial('late', { port: 8084 }))
    await product.untilCondition('flumeflow/late', 'Ready')
  })
})

test('a Secret that is not there is named with its key; once it is made, the flow runs', async () => {
  const { product } = stage
  const tls = { secretRef: { name: 'web-tls' } }
  // The name of a Secret is new to the pods: they are replaced, one by one, and take the flow with them.
  await product.apply(trial('secure', { port: 8443, http: { tls } }))
  await product.untilCondition('flumeflow/secure', 'ResolvedRefs=False')
  await product.untilCondition(`flumeagent/${POOL}`, 'Progressing=False', SECONDS_MAX)
  await product.untilCondition(`flumeflow/${GOOD}`, 'Ready', SECONDS_MAX)
  const condition = await product.condition('flumeflow/secure', 'ResolvedRefs')
  expect(condition).toMatchObject({
    reason: 'SecretNotFound',
    message: expect.stringContaining('the Secret web-tls is not there or has no key tls.'),
  })
  await undisturbed(async () => {
    const files = [`--cert=${SERVER_FILES.certificate}`, `--key=${SERVER_FILES.key}`]
    await product.run(['create', 'secret', 'tls', 'web-tls', ...files])
    await product.untilCondition('flumeflow/secure', 'Ready')
  })
})

test(`${CHANGES} changes of a line are on every replica within seconds, and nothing restarts`, async () => {
  const { product } = stage
  await undisturbed(async () => {
    const seconds: number[] = []
    for (let change = 0; change < CHANGES; change++) {
      const startedAtMs = performance.now()
      await product.apply(trial('misspelt', { port: 8082, mark: `${change}` }))
      await product.untilCondition('flumeflow/misspelt', 'Programmed')
      seconds.push((performance.now() - startedAtMs) / 1000)
    }
    const sorted = seconds.toSorted((a, b) => a - b)
    const [median, maximum] = [sorted[CHANGES / 2]!, sorted.at(-1)!]
    const all = sorted.map((each) => each.toFixed(1)).join(' ')
    console.log(
      `seconds until a change is on ${REPLICAS} replicas: median ${median.toFixed(1)}, maximum ${maximum.toFixed(1)} (${all})`,
    )
  })
})

test('the flow beside them has delivered everything', async () => {
  await stream.stop(SECONDS_MAX)
  const output = { pods: PODS, directory: OUTPUT, count: stream.sent }
  const delivery = await untilDelivered(stage.product, output, SECONDS_MAX)
  expect(delivery).toMatchObject({ lost: [], strangers: [] })
  expect(delivery.duplicates).toBeLessThanOrEqual(BATCH_EVENTS * stream.requestsRepeated)
  const wait = (stream.longestWaitMs / 1000).toFixed(1)
  console.log(
    `${delivery.delivered} delivered, longest wait of a request ${wait} s, sent again ${stream.requestsRepeated}`,
  )
})
