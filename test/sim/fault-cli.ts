import { parseArgs } from 'node:util'
import type { RunResult } from './fault-run.ts'
import { FaultSummary } from './fault-summary.ts'

/**
 * node test/sim/fault-cli.ts --first 1 --runs 500         seeds 1 … 500, a summary as JSON
 * node test/sim/fault-cli.ts --first 42 --runs 1 --trace  one seed again, with its system calls
 */
const { values } = parseArgs({
  options: {
    first: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    /** Every so many seeds: several processes share a range. */
    stride: { type: 'string', default: '1' },
    /** Stops after so many failed runs. */
    'failures-max': { type: 'string', default: '5' },
    trace: { type: 'boolean', default: false },
    /**
     * 'channel': the file channel alone; 'delivery': the way from a source into files; 'hop': three agents
     * that hand over to two others.
     */
    what: { type: 'string', default: 'channel' },
  },
})

const run = await runOf(values.what)
const summary = new FaultSummary(values.what)
const last = Number(values.first) + Number(values.runs) - 1
for (let seed = Number(values.first); seed <= last; seed += Number(values.stride)) {
  const result = await run(seed)
  summary.add(result)
  if (values.trace) process.stderr.write(`${result.trace.join('\n')}\n`)
  if (summary.failures.length >= Number(values['failures-max'])) break
}
process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = summary.failures.length > 0 ? 1 : 0

/** Loaded when used: the channel alone needs no pipeline. */
async function runOf(what: string): Promise<(seed: number) => Promise<RunResult>> {
  if (what === 'delivery') return (await import('./delivery-run.ts')).deliveryRun
  if (what === 'hop') return (await import('./hop/run.ts')).hopRun
  const { faultRun } = await import('./fault-run.ts')
  const { openWith } = await import('../../agent/channels/file/channel.ts')
  return (seed) => faultRun(seed, openWith)
}
