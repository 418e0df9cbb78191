import { cpus, loadavg, release, totalmem } from 'node:os'
import { avro } from './bench/avro.ts'
import { failover } from './bench/failover.ts'
import { hop } from './bench/hop.ts'
import { idle } from './bench/idle.ts'
import { parseOptions } from './bench/options.ts'
import type { Effort } from './bench/options.ts'
import { operator } from './bench/operator.ts'
import { endAll } from './bench/running.ts'
import { recovery } from './bench/recovery.ts'
import { w1 } from './bench/w1.ts'
import { w2 } from './bench/w2.ts'
import { w5 } from './bench/w5.ts'
import { w9 } from './bench/w9.ts'
import { WorkFolder } from './bench/work-folder.ts'

/**
 * Benchmarks, with the real Flume beside us in the same run.
 *
 *   npm run bench -- NAME|all [--quick] [--full]     the names: w1, w2, w5, w9, idle, avro, hop, failover,
 *                                                    operator, recovery
 *
 * Each prints tables and fails when an output is wrong, never because of a time. The method of each
 * stands at the head of its file below bench/. Needs Linux and `npm run setup -- flume`; `operator` and
 * `recovery`, which have no peer, need `npm run setup -- cluster`, `recovery` also root.
 */
const BENCHES: Readonly<Record<string, (work: WorkFolder, effort: Effort) => Promise<string>>> = {
  w1,
  w2,
  w5,
  w9,
  idle,
  avro,
  hop,
  failover,
  operator,
  recovery,
}

const USAGE = `Usage: npm run bench -- ${Object.keys(BENCHES).join('|')}|all [--quick] [--full]`

async function main(args: readonly string[]): Promise<number> {
  let options
  try {
    options = parseOptions(args, Object.keys(BENCHES))
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n${USAGE}`)
    return 2
  }
  if (process.platform !== 'linux') {
    console.error('the benchmarks read /proc and so need Linux')
    return 2
  }
  for (const name of options.names) {
    const work = new WorkFolder()
    const interrupted = (): void => {
      void endAll().then(() => {
        work.remove()
        process.exit(130)
      })
    }
    process.once('SIGINT', interrupted)
    try {
      const report = await BENCHES[name]!(work, options.effort)
      console.log(`\n${report}\n\n${machine()}\n`)
    } catch (error) {
      console.error(`${name} failed: ${error instanceof Error ? error.message : String(error)}`)
      return 1
    } finally {
      process.removeListener('SIGINT', interrupted)
      await endAll()
      work.remove()
    }
  }
  return 0
}

function machine(): string {
  const load = loadavg().map((each) => each.toFixed(2))
  const memory = (totalmem() / 2 ** 30).toFixed(0)
  return `Machine: ${cpus().length} × ${cpus()[0]?.model ?? '?'}, ${memory} GiB, Linux ${release()}; load average at the end ${load.join(' ')} (the benchmark's own included).`
}

process.exitCode = await main(process.argv.slice(2))
