import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../operator/api/constants.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { World } from './world.ts'

let cluster: TestCluster | undefined

beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

function test(name: string, steps: (world: World) => Promise<void>): void {
  it(name, async (context: TestContext) => {
    needsControlPlane(context)
    const world = await World.start(cluster!)
    try {
      await steps(world)
    } finally {
      await world.stop()
    }
  })
}

describe('a pool', () => {
  test('comes up with its flow', async (world) => {
    await world.agent('hub', { replicas: 2 })
    await world.flow('web', { agentRef: { name: 'hub' } })
    await world.flowReady('web')
    await world.agentReady('hub')
    expect(world.writes).toEqual([])
    expect(await world.conditions()).toEqual([])
  })
})
