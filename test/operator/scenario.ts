import type { TestCluster } from './cluster.ts'
import { endState } from './end-state.ts'
import { World } from './world.ts'
import type { Faults } from './world.ts'

/** Something a user does, or waits for. */
export type Step = (world: World) => Promise<unknown>

/** What is done in a run. After the last step nothing more changes by itself. */
export interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
}

export interface Run {
  /** All objects at the end, see endState. */
  readonly state: Readonly<Record<string, unknown>>
  /** What the operator wrote, as sentences of few words. */
  readonly writes: readonly string[]
}

/** Runs a scenario in a namespace of its own. */
export async function run(
  cluster: TestCluster,
  { name, steps }: Scenario,
  faults: Faults = {},
): Promise<Run> {
  const world = await World.start(cluster, faults)
  try {
    for (const step of steps) await step(world)
    return { state: await endState(world), writes: [...world.writes] }
  } catch (error) {
    throw new Error(`scenario ${name} with ${JSON.stringify(faults)}: ${String(error)}`, {
      cause: error,
    })
  } finally {
    await world.stop()
  }
}

/** Runs of the same scenario at the same time, a few at once; the results in the order of the faults. */
export async function runAll(
  cluster: TestCluster,
  scenario: Scenario,
  faults: readonly Faults[],
  atOnce = 4,
): Promise<readonly Run[]> {
  const results: Run[] = []
  let next = 0
  const work = async (): Promise<void> => {
    for (let i = next++; i < faults.length; i = next++)
      results[i] = await run(cluster, scenario, faults[i])
  }
  await Promise.all(Array.from({ length: atOnce }, work))
  return results
}
