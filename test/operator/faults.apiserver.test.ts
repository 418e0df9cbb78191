import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { needsControlPlane } from '../cluster/needs.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { disturbed, forEachOf, undisturbed } from './scenario.ts'
import { LONG, SHORT } from './scenarios.ts'
import type { Faults } from './world.ts'

/* What stands between the operator and the API server fails, and the end is the one without. */

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

const FAULTS: Readonly<Record<string, Faults>> = {
  'every third write is a conflict': { conflictEvery: 3 },
  'a tenth of the requests is turned away': { throttled: 0.1, seed: SEED },
  'events of watches come late, and of several the last one only': { delayEventsMs: 300 },
  'late events, and an operator that starts with old lists': {
    delayEventsMs: 200,
    crashAfter: [9, 14],
    staleStart: true,
  },
}

let cluster: TestCluster | undefined

beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

describe('with faults on the way to the API server', () => {
  for (const scenario of [...SHORT, ...LONG])
    it(scenario.name, async (context: TestContext) => {
      needsControlPlane(context)
      const expected = await undisturbed(cluster!, scenario)
      const names = Object.keys(FAULTS)
      const runs = await forEachOf(names, 4, (name) =>
        disturbed(cluster!, scenario, expected, FAULTS[name]!),
      )
      for (const [i, run] of runs.entries())
        expect(run.state, `SEED=${SEED} ${names[i]}`).toEqual(expected.state)
    })
})
