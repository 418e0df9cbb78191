import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { sleep, systemClock } from '../../agent/lib/clock.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { SeededRandom } from '../sim/random.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { disturbed, forEachOf, undisturbed } from './scenario.ts'
import type { Run, Scenario } from './scenario.ts'
import { EVERY, LONG, SHORT } from './scenarios.ts'
import type { Faults } from './world.ts'

/** How often the API server is killed, and the longest time until then. */
const OUTAGES = 3
const PAUSE_MS_MAX = 3_000

/* What stands between the operator and the API server fails, and the end is the one without. */

const AT_ONCE = 5
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

const FAULTS: Readonly<Record<string, Faults>> = {
  'every third write is a conflict': { conflictEvery: 3 },
  'a tenth of the requests is turned away': { throttled: 0.1, seed: SEED },
  'events of watches come late, and of several the last one only': { delayEventsMs: 300 },
  'watches fall silent, and what they keep to themselves is seen when they are renewed': {
    silentAfter: 3,
  },
  'late events, and an operator that starts with old lists': {
    delayEventsMs: 200,
    crashAfter: [9, 14],
    staleStart: true,
  },
}

let cluster: TestCluster | undefined
const ends = new Map<Scenario, Promise<Run>>()

beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

/** What a scenario ends in without faults. */
function expectedOf(scenario: Scenario): Promise<Run> {
  const end = ends.get(scenario) ?? undisturbed(cluster!, scenario)
  ends.set(scenario, end)
  return end
}

describe(`with faults on the way to the API server, SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED)
  for (const scenario of [...SHORT, ...LONG])
    it(scenario.name, async (context: TestContext) => {
      needsControlPlane(context)
      const expected = await expectedOf(scenario)
      const all = Object.keys(FAULTS)
      const names = EVERY ? all : [random.pick(all)]
      const runs = await forEachOf(names, AT_ONCE, (name) =>
        disturbed(cluster!, scenario, expected, FAULTS[name]!),
      )
      for (const [i, run] of runs.entries())
        expect(run.state, `SEED=${SEED} ${names[i]}`).toEqual(expected.state)
    })
})

it('with an API server that is killed and started again', async (context: TestContext) => {
  needsControlPlane(context)
  const all = [...SHORT, ...LONG]
  const expected = await forEachOf(all, AT_ONCE, expectedOf)
  const [runs] = await Promise.all([
    forEachOf(all, all.length, (each) =>
      disturbed(cluster!, each, expected[all.indexOf(each)]!, {}),
    ),
    outages(new SeededRandom(SEED)),
  ])
  for (const [i, run] of runs.entries())
    expect(run.state, `SEED=${SEED} ${all[i]!.name}`).toEqual(expected[i]!.state)
})

async function outages(random: SeededRandom): Promise<void> {
  const { plane } = cluster!
  for (let i = 0; i < OUTAGES; i++) {
    await sleep(systemClock, random.number() * PAUSE_MS_MAX)
    await plane.killApiServer()
    await plane.startApiServer()
  }
}
