import { expect, test } from 'vitest'
import { runFaults } from './fault-processes.ts'

const RUNS_DEFAULT = 500
/** A run does at least this much, and a fault fires in it. */
const OPERATIONS_MIN = 50
/** The whole way costs more a run, and most of its faults are the channel's. */
const DELIVERY_SHARE = 5
const HOP_SHARE = 2

const FIRST_SEED = Number(process.env['FAULT_SEED'] ?? 1)
const RUNS = Number(process.env['FAULT_RUNS'] ?? RUNS_DEFAULT)
/** As many as of the channel where they are few. */
const HOP_RUNS = Math.max(Math.min(RUNS, RUNS_DEFAULT), RUNS / HOP_SHARE)

test.each([
  ['a file channel', 'channel', RUNS],
  ['the way from a source through file channels into files', 'delivery', RUNS / DELIVERY_SHARE],
  ['the hop from three agents to two', 'hop', HOP_RUNS],
] as const)(
  '%s loses nothing under random faults, repeats no more than it may and always comes to rest',
  async (_name, what, share) => {
    const runs = Math.ceil(share)
    const summary = await runFaults({ what, first: FIRST_SEED, runs })
    console.log(summary.lines().join('\n'))
    expect(summary.failures).toEqual([])
    expect(summary.runs).toBe(runs)
    expect(summary.faultless).toBe(0)
    expect(summary.operationsMin).toBeGreaterThanOrEqual(OPERATIONS_MIN)
    expect(summary.eventsChecked).toBeGreaterThan(runs * OPERATIONS_MIN)
  },
)
