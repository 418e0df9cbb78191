import { parseArgs } from 'node:util'
import { faultRun } from './fault-run.ts'
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
    what: { type: 'string', default: 'channel' },
  },
})

const { openWith } = await import('../../agent/channels/file/channel.ts')
const summary = new FaultSummary()
const last = Number(values.first) + Number(values.runs) - 1
for (let seed = Number(values.first); seed <= last; seed += Number(values.stride)) {
  const result = await faultRun(seed, openWith)
  summary.add(result)
  if (values.trace) process.stderr.write(`${result.trace.join('\n')}\n`)
  if (summary.failures.length >= Number(values['failures-max'])) break
}
process.stdout.write(`${JSON.stringify(summary)}\n`)
process.exitCode = summary.failures.length > 0 ? 1 : 0
