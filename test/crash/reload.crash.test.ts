import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { reloadRun } from './reload-run.ts'

/**
 * The configuration changes under load, by reloads and while the agent is down, and the agent is
 * killed with SIGKILL at any time, most often during a reload. RELOAD_RUNS sets how many histories are
 * played (default: as many as suit CRASH_KILLS), RELOAD_SEED repeats a plan, RELOAD_RUN one of them.
 */
const KILLS_PER_RUN = 4
/** Of the kills that are asked for, these are as many as are worth their time. */
const KILLS_SHARE = 0.35
const CRASH_KILLS = Number(process.env['CRASH_KILLS'] ?? 20)

const count = Number(
  process.env['RELOAD_RUNS'] ?? Math.ceil((CRASH_KILLS * KILLS_SHARE) / KILLS_PER_RUN) + 1,
)
const seed = Number(process.env['RELOAD_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const only = process.env['RELOAD_RUN']
const runs = only === undefined ? Array.from({ length: count }, (_, run) => run) : [Number(only)]

/** Some histories never change where events go, and repeat nothing; some have no kill, and repeat nothing either. */
const keepsRouting = (run: number): boolean => run % 3 === 1
const killsIn = (run: number): number => (run % 6 === 2 ? 0 : KILLS_PER_RUN)

const killsByName = new Map<string, number>()
const seenByRole = new Map<string, number>()
const totals = { kills: 0, shapes: 0, lines: 0, repeats: 0 }

describe(`configurations that change while the agent is killed (RELOAD_SEED=${seed})`, () => {
  test.concurrent.for(runs)('history %i loses nothing and forgets no channel', async (run) => {
    const directory = mkdtempSync(join(tmpdir(), 'flume-reload-'))
    try {
      const options = { kills: killsIn(run), seed: seed + run, keepsRouting: keepsRouting(run) }
      const result = await reloadRun({ ...options, directory })
      add(killsByName, result.kills)
      add(seenByRole, result.left)
      for (const kills of result.kills.values()) totals.kills += kills
      totals.shapes += result.shapes
      totals.lines += result.lines
      totals.repeats += result.repeats
    } catch (error) {
      const repeat = `RELOAD_SEED=${seed} RELOAD_RUN=${run} npx vitest run --project crash test/crash/reload`
      const message = `repeat with: ${repeat}\nfiles: ${directory}\n${(error as Error).message}`
      throw new Error(message, { cause: error })
    }
  })

  afterAll(() => {
    const rows = (counts: ReadonlyMap<string, number>): string[] =>
      [...counts]
        .sort(([a], [b]) => a.localeCompare(b))
        .map(([name, times]) => `  ${name.padEnd(48)}${times}`)
    console.log(
      [
        `${totals.kills} kills, ${totals.shapes} configurations, seed ${seed}`,
        ...rows(killsByName),
        'channels seen after a change',
        ...rows(seenByRole),
        `  ${totals.lines} lines written, lost 0; copies by kills and changes of the routing: at least ${totals.repeats}`,
      ].join('\n'),
    )
    expect(totals.shapes).toBeGreaterThan(0)
  })
})

function add(sums: Map<string, number>, counts: ReadonlyMap<string, number>): void {
  for (const [name, times] of counts) sums.set(name, (sums.get(name) ?? 0) + times)
}
