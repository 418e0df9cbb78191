import { isDeepStrictEqual } from 'node:util'
import type { TestCluster } from './cluster.ts'
import { endState } from './end-state.ts'
import type { EndState } from './end-state.ts'
import { World } from './world.ts'
import type { Faults } from './world.ts'

/** Something a user does, or waits for. */
export type Step = (world: World) => Promise<unknown>

/** What is done in a run. After the last step the pools come to rest. */
export interface Scenario {
  readonly name: string
  readonly steps: readonly Step[]
}

export interface Run {
  /** All objects once nothing changes any more, see endState. */
  readonly state: EndState
  /** What the operators wrote, a few words each. */
  readonly writes: readonly string[]
  /** Operators that ended in the middle. */
  readonly crashes: number
}

/** Questions to agents within which everything comes to rest. */
const REST_POLLS = 8

/** Runs a scenario without faults, until nothing is written any more, also not by another operator. */
export function undisturbed(cluster: TestCluster, scenario: Scenario): Promise<Run> {
  return inWorld(cluster, scenario, {}, async (world) => {
    await world.until('it comes to rest', async () => (await world.rest(REST_POLLS)).length === 0)
    const changes = await world.restart(REST_POLLS)
    if (changes.length > 0) throw new Error(`without a cause after a start: ${changes.join(', ')}`)
  })
}

/** Runs it with faults, until the end is the one that it was without, or a minute has passed. */
export function disturbed(
  cluster: TestCluster,
  scenario: Scenario,
  expected: Run,
  faults: Faults,
): Promise<Run> {
  return inWorld(cluster, scenario, faults, async (world) => {
    world.endFaults()
    const isThere = async () => isDeepStrictEqual(await endState(world), expected.state)
    // Where it never is, the difference is shown by whoever compares the two.
    await world
      .until(
        'the end is as without faults, and stays so',
        async () =>
          (await isThere()) && (await world.rest(REST_POLLS)).length === 0 && (await isThere()),
      )
      .catch((error: unknown) => world.log.warn({ error }, 'another end'))
  })
}

async function inWorld(
  cluster: TestCluster,
  { name, steps }: Scenario,
  faults: Faults,
  rest: Step,
): Promise<Run> {
  const world = await World.start(cluster, faults)
  try {
    for (const step of steps) await step(world)
    await rest(world)
    return { state: await endState(world), writes: [...world.writes], crashes: world.crashes }
  } catch (error) {
    const what = `scenario "${name}" with ${JSON.stringify(faults)}`
    throw new Error(`${what}: ${String(error)}`, { cause: error })
  } finally {
    await world.stop()
  }
}

/** Does something for each of the items, a few at once; the results in their order. */
export async function forEachOf<Item, Result>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let i = next++; i < items.length; i = next++) results[i] = await work(items[i]!)
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return results
}
