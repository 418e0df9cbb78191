import { isDeepStrictEqual } from 'node:util'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { sleep, systemClock } from '../../agent/lib/clock.ts'
import { Workbench } from '../cli/flume.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { SeededRandom } from '../sim/random.ts'
import { makeAccount } from './account.ts'
import { Acts } from './acts.ts'
import type { Round } from './acts.ts'
import type { AuditEvent } from './audit.ts'
import { Audit, leadsOf, refused, writesOf, writesWithoutLead } from './audit.ts'
import { startTestCluster } from './cluster.ts'
import type { TestCluster } from './cluster.ts'
import { Deletions } from './deletions.ts'
import { endState } from './end-state.ts'
import { Hands } from './hands.ts'
import { Pair } from './pair.ts'
import { metricsOf } from './process.ts'
import { unwanted } from './unwanted.ts'
import { World } from './world.ts'

/*
 * Two operators as processes, under exactly the chart's roles, of which a random one is killed again and again
 * while users change everything. After each round all is as it is for an operator that nobody kills.
 * OPERATOR_KILLS sets how often in all, SEED repeats the acts.
 */

const KILLS = Number(process.env['OPERATOR_KILLS'] ?? 10)
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
const KILLS_PER_ROUND = 5
const ROUNDS = Math.max(3, Math.ceil(KILLS / KILLS_PER_ROUND))
/** The last round is for another fault: the leader stands still until it has lost the lead. */
const FREEZE = ROUNDS
/** Rounds in which the API server is killed too. */
const OUTAGES: readonly number[] = [Math.floor(ROUNDS / 3), Math.floor((2 * ROUNDS) / 3)]
/** Between an operator that works, or an act, and the next kill. */
const PAUSE_MS_MAX = 1_200
const OUTAGE_MS_MAX = 1_500
/** Of ten kills, before so many it is awaited that an operator works. */
const AWAITED = 0.6
/** How often every agent is asked while nothing may be written. */
const QUIET_POLLS = 2

const ACCOUNT = { namespace: 'flume-system', name: 'flume-operator' }
const USERNAME = `system:serviceaccount:${ACCOUNT.namespace}:${ACCOUNT.name}`

const bench = new Workbench()
const audit = new Audit(bench.directory, USERNAME)
let cluster: TestCluster | undefined

beforeAll(async () => {
  cluster = await startTestCluster({ apiServerArgs: audit.arguments })
})
afterAll(async () => {
  await bench.clean()
  await cluster?.stop()
})

it(`${KILLS} kills of operators, SEED=${SEED}`, async (context: TestContext) => {
  needsControlPlane(context)
  const random = new SeededRandom(SEED)
  await makeAccount(cluster!.client, ACCOUNT)
  const hands = new Hands(cluster!, 'killed')
  await hands.makeNamespace()
  const deletions = await Deletions.start(hands)
  const pair = await Pair.start({ bench, hands, account: ACCOUNT })
  const twin = await World.start(cluster!)
  const acts = new Acts(random.fork())
  const run: Run = { random, hands, twin, pair, outages: [] }
  let count = 0
  try {
    for (let i = 0; i <= FREEZE; i++) {
      const round = i === 0 ? acts.first() : acts.next()
      count += round.acts.length
      await playRound(run, round, faultsOf(i))
      const texts = round.acts.map(({ text }) => text).join('; ')
      const wrong = unwanted(round, await deletions.take(hands))
      expect(wrong, `SEED=${SEED} round ${i}: ${texts}`).toEqual([])
    }
    await expectQuiet(pair, hands)
    expect(await pair.stop()).toEqual([0, 0])
    const events = audit.events()
    expect(refused(events.filter((each) => !isOfStart(run, each)))).toEqual([])
    expect(writesWithoutLead(events)).toEqual([])
    expect(pair.ended.filter((text) => !MAY_END.test(text))).toEqual([])
    expect(pair.restarts).toBeGreaterThanOrEqual(KILLS)
    console.log(
      `SEED=${SEED}: ${KILLS} kills of operators and ${OUTAGES.length} of the API server; ${count} acts in ${FREEZE + 1} rounds, ` +
        `${pair.restarts} restarts, ${leadsOf(events).length} leads, ${writesOf(events).length} writes`,
    )
  } finally {
    await pair.stop()
    await twin.stop()
    await deletions.stop()
  }
})

/** An operator ends by itself when it loses the lead or cannot ask for its kinds: both while the API server is away. */
const MAY_END = /"code":"FLM710[1-7]"/

interface Run {
  readonly random: SeededRandom
  readonly hands: Hands
  readonly twin: World
  readonly pair: Pair
  /** From when to when the API server was killed and started, as in the audit log. */
  readonly outages: { readonly from: string; readonly to: string }[]
}

/** Until it is ready, the API server does not know the roles, and refuses everything. */
function isOfStart({ outages }: Run, { requestReceivedTimestamp: at }: AuditEvent): boolean {
  return outages.some(({ from, to }) => from <= at && at <= to)
}

interface RoundFaults {
  readonly kills: number
  /** Whether the API server is killed too. */
  readonly outage: boolean
  readonly freeze: boolean
}

function faultsOf(round: number): RoundFaults {
  const upTo = (rounds: number): number => Math.floor((KILLS * Math.min(rounds, ROUNDS)) / ROUNDS)
  const kills = upTo(round + 1) - upTo(round)
  return { kills, outage: OUTAGES.includes(round), freeze: round === FREEZE }
}

/** Lets both have the same acts, and the one of them the kills, until both are the same. */
async function playRound(
  run: Run,
  { acts }: Round,
  { kills, outage, freeze }: RoundFaults,
): Promise<void> {
  const { random, hands, twin, pair } = run
  const texts = acts.map(({ text }) => text).join('; ')
  const expected = (async () => {
    await Promise.all(acts.map((act) => act.run(twin)))
    await twin.until('the undisturbed one is at rest', () => isAtRest(twin))
    return endState(twin)
  })()
  // The outage is for the others.
  if (outage) await expected
  const running: Promise<unknown>[] = []
  if (outage) running.push(awayForAWhile(run))
  if (freeze) running.push(pair.freeze())
  const steps = Math.max(kills, 1)
  for (let i = 0; i < steps; i++) {
    const [from, to] = [i, i + 1].map((each) => Math.floor((acts.length * each) / steps))
    running.push(...acts.slice(from, to).map((act) => act.run(hands)))
    if (random.chance(AWAITED)) await hands.until('an operator works', async () => pair.working)
    await sleep(systemClock, random.number() * PAUSE_MS_MAX)
    if (i < kills) await pair.kill(random.pick([0, 1]))
  }
  await Promise.all(running)
  const wanted = await expected
  try {
    await hands.until('all is as without kills', async () =>
      isDeepStrictEqual(await endState(hands), wanted),
    )
  } catch (error) {
    console.log([String(error), ...pair.clues()].join('\n'))
    expect(await endState(hands), `SEED=${SEED} ${texts}`).toEqual(wanted)
  }
}

async function isAtRest(world: World): Promise<boolean> {
  const pods = (await world.list(RESOURCES.pods)).length
  return (await world.rest(QUIET_POLLS * Math.max(pods, 1))).length === 0
}

async function awayForAWhile({ random, hands, outages }: Run): Promise<void> {
  const { plane } = hands.cluster
  const [before, during] = [random.number(), random.number()]
  await sleep(systemClock, before * OUTAGE_MS_MAX)
  const from = new Date().toISOString()
  await plane.killApiServer()
  await sleep(systemClock, during * OUTAGE_MS_MAX)
  await plane.startApiServer()
  outages.push({ from, to: new Date().toISOString() })
}

/** While all agents are asked again nothing is written. */
async function expectQuiet(pair: Pair, hands: Hands): Promise<void> {
  const pods = (await hands.list(RESOURCES.pods)).length
  const polls = async (): Promise<number> => {
    const metrics = pair.working === undefined ? '' : await metricsOf(pair.working)
    return Number(
      /^flume_operator_agent_polls_total\{result="answered"\} (\d+)$/m.exec(metrics)?.[1],
    )
  }
  const start = await polls()
  const written = writesOf(audit.events()).length
  await hands.until(
    'all agents were asked again',
    async () => (await polls()) >= start + QUIET_POLLS * pods,
  )
  expect(
    writesOf(audit.events())
      .slice(written)
      .map(({ requestURI }) => requestURI),
  ).toEqual([])
}
