import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { hopRun } from './hop-run.ts'

/**
 * An edge and two hubs are killed and frozen at any time. CRASH_KILLS sets how often in all, HOP_SEED
 * repeats a plan, HOP_RUN one run of it.
 */
const faults = Number(process.env['CRASH_KILLS'] ?? 20)
const seed = Number(process.env['HOP_SEED'] ?? Math.floor(Math.random() * 2 ** 31))
const only = process.env['HOP_RUN']
const FAULTS_PER_RUN = 10

const runs = Array.from({ length: Math.ceil(faults / FAULTS_PER_RUN) }, (_, run) => run)
const chosen = only === undefined ? runs : [Number(only)]

const byKind = new Map<string, number>()
const totals = { faults: 0, idleFaults: 0, lines: 0, repeated: 0 }

describe(`an edge and two hubs, killed and frozen ${faults} times (HOP_SEED=${seed})`, () => {
  test.concurrent.for(chosen)('run %i loses nothing', async (run) => {
    const directory = mkdtempSync(join(tmpdir(), 'flume-hop-'))
    try {
      const result = await hopRun({ faults: FAULTS_PER_RUN, seed: seed + run, directory })
      for (const [kind, count] of result.faults) {
        byKind.set(kind, (byKind.get(kind) ?? 0) + count)
        totals.faults += count
      }
      totals.idleFaults += result.idleFaults
      totals.lines += result.lines
      totals.repeated += result.repeated
    } catch (error) {
      const repeat = `HOP_SEED=${seed} HOP_RUN=${run} npx vitest run --project crash test/crash/hop`
      const message = `repeat with: ${repeat}\nfiles: ${directory}\n${(error as Error).message}`
      throw new Error(message, { cause: error })
    }
  })

  afterAll(() => {
    const rows = [...byKind].sort(([a], [b]) => a.localeCompare(b))
    console.log(
      [
        `${totals.faults} faults (${totals.idleFaults} of them with nothing waiting at the edge), seed ${seed}`,
        ...rows.map(([kind, count]) => `  ${kind.padEnd(48)}${count}`),
        `  ${totals.lines} lines written, lost 0, twice at one hub 0, at both hubs ${totals.repeated}`,
      ].join('\n'),
    )
    expect(totals.faults).toBeGreaterThan(0)
  })
})
