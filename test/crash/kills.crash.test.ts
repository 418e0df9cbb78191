import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { crashRun } from './run.ts'
import { SCENARIOS } from './scenario.ts'

/**
 * The agent is killed with SIGKILL while events are in flight, at named operations on its disk and
 * from outside, several times over one data directory. CRASH_KILLS sets how often in all, CRASH_SEED
 * repeats a plan, CRASH_RUN one run of it.
 */
const kills = Number(process.env['CRASH_KILLS'] ?? 20)
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const only = process.env['CRASH_RUN']
const KILLS_PER_RUN = 4

const runs = Array.from({ length: Math.ceil(kills / KILLS_PER_RUN) }, (_, run) => run)
const chosen = only === undefined ? runs : [Number(only)]

const killsPerPoint = new Map<string, number>()
const totals = { kills: 0, idleKills: 0, lines: 0, repeated: 0 }

describe(`an agent killed ${kills} times (CRASH_SEED=${seed})`, () => {
  test.concurrent.for(chosen)('run %i loses nothing and repeats nothing', async (run) => {
    const scenario = SCENARIOS[(seed + run) % SCENARIOS.length]!
    const directory = mkdtempSync(join(tmpdir(), 'flume-crash-'))
    try {
      const result = await crashRun({
        scenario,
        kills: KILLS_PER_RUN,
        seed: seed + run,
        turn: run * KILLS_PER_RUN,
        directory,
      })
      for (const [name, count] of result.kills) {
        killsPerPoint.set(name, (killsPerPoint.get(name) ?? 0) + count)
        totals.kills += count
      }
      totals.idleKills += result.idleKills
      totals.lines += result.lines
      totals.repeated += result.repeated
    } catch (error) {
      const repeat = `CRASH_SEED=${seed} CRASH_RUN=${run} npx vitest run --project crash test/crash/kills`
      const message = `${scenario.name}\nrepeat with: ${repeat}\nfiles: ${directory}\n`
      throw new Error(message + (error as Error).message, { cause: error })
    }
  })

  afterAll(() => {
    const rows = [...killsPerPoint].sort(([a], [b]) => a.localeCompare(b))
    const table = rows.map(([name, count]) => `  ${name.padEnd(48)}${count}`)
    console.log(
      [
        `kills with events in flight: ${totals.kills} (and ${totals.idleKills} with none, not counted), seed ${seed}`,
        ...table,
        `  ${totals.lines} lines written; repeated where that is allowed: ${totals.repeated}`,
      ].join('\n'),
    )
    expect(totals.kills).toBeGreaterThan(0)
  })
})
