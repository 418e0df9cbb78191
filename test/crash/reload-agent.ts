import { attachProcess } from '../../agent/cli/process.ts'
import { ManifestFiles } from '../../agent/cli/manifest-files.ts'
import { runAgent } from '../../agent/cli/run.ts'
import { systemClock } from '../../agent/lib/clock.ts'
import { nodeDisk } from '../../agent/lib/disk.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { createLog } from '../../agent/telemetry/log.ts'
import { killDisk } from './kill-disk.ts'
import type { DiskKillPoint, FileKind } from './kill-point.ts'

/** A process: the agent on a disk that kills it at one operation, counted from its first reload on. */
export interface ReloadAgentOptions {
  readonly manifest: string
  readonly dataDir: string
  readonly outputs: readonly string[]
  readonly point: DiskKillPoint
  /** Whether operations count from the start. */
  readonly fromStart: boolean
}

const options = JSON.parse(process.argv[2]!) as ReloadAgentOptions
let counts = options.fromStart
const { kind, ...point } = options.point
const armed: DiskKillPoint = {
  ...point,
  /** Until the first reload the point is at a file that is not there: no channel is in memory. */
  get kind(): FileKind {
    return counts ? kind : 'positions log'
  },
}
const log = createLog({ level: 'info', format: 'text', colour: false })
const { signal, hooks } = attachProcess(log, (code) => process.exit(code))
process.on('SIGHUP', () => {
  counts = true
})
process.exitCode = await runAgent({
  source: new ManifestFiles({ files: [options.manifest] }),
  dataDir: options.dataDir,
  adminAddress: '127.0.0.1:0',
  shutdownMs: 25_000,
  disk: killDisk(nodeDisk, armed, options.outputs),
  clock: systemClock,
  random: systemRandom,
  log: log.logger,
  signal,
  hooks,
})
log.flush()
