import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { needsControlPlane } from '../cluster/needs.ts'
import { SeededRandom } from '../sim/random.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { disturbed, forEachOf, undisturbed } from './scenario.ts'
import type { Run, Scenario } from './scenario.ts'
import { EVERY, LONG, SHORT } from './scenarios.ts'
import type { Faults } from './world.ts'

/*
 * The operator ends after its k-th write, before it learns of the answer, and another one goes on. The end is
 * the one that it would have been.
 */

const AT_ONCE = 4
/** Of a long scenario, and of each unless all are asked for: writes that are followed by a crash. */
const SAMPLES = 3

interface Crashes extends Faults {
  readonly crashAfter: readonly number[]
}

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)

let cluster: TestCluster | undefined

beforeAll(async () => {
  cluster = await startTestCluster()
})
afterAll(async () => {
  await cluster?.stop()
})

function crashes(scenario: Scenario, choose: (writes: number) => readonly Crashes[]): void {
  it(scenario.name, async (context: TestContext) => {
    needsControlPlane(context)
    const expected = await undisturbed(cluster!, scenario)
    const faults = choose(expected.writes.length)
    expect(faults.length).toBeGreaterThan(0)
    const runs = await forEachOf(faults, AT_ONCE, (each) => crashed(scenario, expected, each))
    for (const [i, run] of runs.entries()) {
      const said = `SEED=${SEED} ${JSON.stringify(faults[i])}, ${run.writes.length} writes`
      expect(run.crashes, said).toBeGreaterThan(0)
      expect(run.state, said).toEqual(expected.state)
    }
  })
}

const TRIES_MAX = 4

/**
 * Statuses that come together are one write less, so that a run may be over before its crash: then it is made again
 * with one that comes earlier.
 */
async function crashed(scenario: Scenario, expected: Run, faults: Crashes): Promise<Run> {
  let run = await disturbed(cluster!, scenario, expected, faults)
  for (let i = 1; run.crashes === 0 && i < TRIES_MAX; i++) {
    expect(run.state, `SEED=${SEED} without a crash`).toEqual(expected.state)
    // So much earlier that a few writes less the next time make no difference.
    const first = Math.max(1, Math.floor(run.writes.length * (1 - 0.1 * i)))
    const by = faults.crashAfter[0]! - first
    const crashAfter = faults.crashAfter.map((write) => write - by)
    run = await disturbed(cluster!, scenario, expected, { ...faults, crashAfter })
  }
  return run
}

describe(`a crash after ${EVERY ? 'each write' : `some writes, chosen by SEED=${SEED}`}`, () => {
  const random = new SeededRandom(SEED)
  for (const scenario of SHORT)
    crashes(scenario, (writes) => {
      const all = Array.from({ length: writes }, (_, i) => ({ crashAfter: [i + 1] }))
      return EVERY ? all : Array.from({ length: SAMPLES }, () => random.pick(all))
    })
})

describe(`two crashes after some writes, chosen by SEED=${SEED}`, () => {
  const random = new SeededRandom(SEED)
  for (const scenario of LONG)
    crashes(scenario, (writes) =>
      Array.from({ length: SAMPLES }, () => {
        const first = 1 + Math.floor(random.number() * writes)
        return {
          crashAfter: [first, first + 1 + Math.floor(random.number() * 5)],
          staleStart: true,
        }
      }),
    )
})
