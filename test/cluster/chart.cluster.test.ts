import { expect, test } from 'vitest'
import { incarnations } from '../../hack/cluster/demo/product.ts'
import { flow, pool } from './manifests.ts'
import { IMAGES, useStage } from './stage.ts'

/** The chart on a cluster where agents run: tested, upgraded, removed and installed again. The tests build on each other. */

const POOL = 'hub'
const FLOW = 'web'
const REPLICAS = 2
const SECONDS_MAX = 180
const [, SECOND_TAG] = IMAGES[1].split(':')

const stage = useStage('chart', async (product) => {
  await product.apply(
    pool(POOL, { replicas: REPLICAS, storage: { size: '1Gi' } }),
    flow(FLOW, { agentRef: { name: POOL } }),
  )
  await product.untilReady(POOL, REPLICAS)
  await product.untilCondition(`flumeflow/${FLOW}`, 'Ready')
})

async function containers(): Promise<string[]> {
  return incarnations(await stage.product.pods(POOL))
}

test('helm test sends an event through a flow', async () => {
  await stage.product.test()
})

test('an upgrade leaves the agents alone', async () => {
  const before = await containers()
  await stage.product.install('logLevel=debug', 'replicas=1')
  await changeIsLive('upgraded')
  expect(await containers()).toEqual(before)
})

test('an upgrade to another image replaces them', async () => {
  const { product } = stage
  const before = await containers()
  await product.install(`image.tag=${SECOND_TAG}`)
  await product.untilCondition(`flumeagent/${POOL}`, 'Progressing=True')
  await product.untilCondition(`flumeagent/${POOL}`, 'Progressing=False', SECONDS_MAX)
  await product.untilCondition(`flumeagent/${POOL}`, 'Ready', SECONDS_MAX)
  const pods = await product.pods(POOL)
  expect(pods.map(({ spec }) => spec.containers[0]!.image)).toEqual([IMAGES[1], IMAGES[1]])
  const after = await containers()
  expect(before.filter((each) => after.includes(each))).toEqual([])
})

test('without the operator kinds, pools and agents stay, and the next one goes on', async () => {
  const { product } = stage
  const before = await containers()
  await product.uninstall()
  const kinds = await product.run(['get', 'customresourcedefinitions', '--output=name'])
  for (const kind of ['flumeagents', 'flumeflows'])
    expect(kinds).toContain(`/${kind}.flume-operator.io`)
  expect(await product.condition(`flumeagent/${POOL}`, 'Ready')).toMatchObject({ status: 'True' })
  expect(await containers()).toEqual(before)
  await product.install(`image.tag=${SECOND_TAG}`)
  await changeIsLive('again')
  expect(await containers()).toEqual(before)
})

async function changeIsLive(mark: string): Promise<void> {
  const { product } = stage
  await product.apply(flow(FLOW, { agentRef: { name: POOL }, mark }))
  await product.untilCondition(`flumeflow/${FLOW}`, 'Programmed')
}
