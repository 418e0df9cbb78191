import { createLog } from '../../agent/telemetry/log.ts'
import { ManifestFiles } from '../../agent/cli/manifest-files.ts'
import { runAgent } from '../../agent/cli/run.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { killDisk } from './kill-disk.ts'
import type { DiskKillPoint } from './kill-point.ts'

/** A process: the agent as `flume run` runs it, on a disk that kills it at one operation. */
export interface CrashAgentOptions {
  readonly manifest: string
  readonly dataDir: string
  readonly outputs: readonly string[]
  readonly point: DiskKillPoint
}

const options = JSON.parse(process.argv[2]!) as CrashAgentOptions
const stop = new AbortController()
process.once('SIGTERM', () => stop.abort())
const log = createLog({ level: 'info', format: 'text', colour: false })
process.exitCode = await runAgent({
  source: new ManifestFiles({ files: [options.manifest] }),
  dataDir: options.dataDir,
  adminAddress: '127.0.0.1:0',
  shutdownMs: 25_000,
  disk: killDisk(nodeDisk, options.point, options.outputs),
  clock: systemClock,
  random: systemRandom,
  log: log.logger,
  signal: stop.signal,
})
log.flush()
