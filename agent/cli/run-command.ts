import { flushCompileCache } from 'node:module'
import { resolve } from 'node:path'
import { pluginsDirectoryOf } from '../config/resolve.ts'
import { duration } from '../core/schema.ts'
import { systemClock } from '../lib/clock.ts'
import { nodeDisk } from '../lib/disk.ts'
import { systemRandom } from '../lib/random.ts'
import { createLog } from '../telemetry/log.ts'
import type { LogFormat, LogLevel } from '../telemetry/log-options.ts'
import type { ConfigurationSource } from './configuration.ts'
import { DeliveredDirectory } from './delivered-directory.ts'
import { ManifestFiles } from './manifest-files.ts'
import { EXIT } from './output.ts'
import { watchParent } from './parent.ts'
import { attachProcess } from './process.ts'
import { runAgent } from './run.ts'
import type { Output } from './validate.ts'

export interface RunCommandOptions {
  /** One of `file` and `delivered` is given; `agent` with the latter. */
  readonly file?: readonly string[]
  readonly delivered?: string
  readonly agent?: string
  readonly dataDir: string
  readonly ordinal: number
  readonly admin: string
  readonly agentAddress?: ReadonlyMap<string, readonly string[]>
  readonly port?: ReadonlyMap<string, number>
  readonly pluginsDir?: string
  readonly secretsDir?: string
  /** The inherited descriptor of a pipe that closes when the parent process ends. */
  readonly exitWithParent?: number
  readonly shutdownTimeout: string
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  readonly colour: boolean
  /** Ends the process at once. */
  readonly exit: (code: number) => never
}

/** By then all that a run needs is loaded; an agent that is killed later leaves the cache behind. */
const CACHE_DELAY_MS = 5_000

/** `flume run`: the agent on the real clock and disk, with the signals of the process. */
export async function run(options: RunCommandOptions, out: Output): Promise<number> {
  const shutdown = duration().safeParse(options.shutdownTimeout)
  if (!shutdown.success) {
    out.stderr(`--shutdown-timeout: ${shutdown.error.issues[0]!.message}\n`)
    return EXIT.usage
  }
  const { logLevel: level, logFormat: format, colour } = options
  const log = createLog({ level, format, colour })
  const { signal, hooks, stop } = attachProcess(log, options.exit)
  if (options.exitWithParent !== undefined) {
    try {
      watchParent(options.exitWithParent, () => stop('the parent process ended'))
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      out.stderr(`--exit-with-parent: descriptor ${options.exitWithParent}: ${reason}\n`)
      return EXIT.usage
    }
  }
  setTimeout(flushCompileCache, CACHE_DELAY_MS).unref()
  const code = await runAgent({
    source: sourceOf(options),
    dataDir: options.dataDir,
    ordinal: options.ordinal,
    adminAddress: options.admin,
    shutdownMs: shutdown.data,
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
    log: log.logger,
    signal,
    hooks,
  })
  log.flush()
  return code
}

function sourceOf(options: RunCommandOptions): ConfigurationSource {
  const { file: files = [], agent, delivered, agentAddress, port, pluginsDir, secretsDir } = options
  const secrets = secretsDir === undefined ? {} : { secretsDirectory: resolve(secretsDir) }
  if (delivered !== undefined) {
    const plugins = pluginsDir === undefined ? {} : { pluginsDirectory: resolve(pluginsDir) }
    return new DeliveredDirectory(resolve(delivered), { agent: agent!, ...plugins, ...secrets })
  }
  return new ManifestFiles({
    files,
    ...(agent === undefined ? {} : { agent }),
    ...(agentAddress === undefined ? {} : { addresses: agentAddress }),
    ...(port === undefined ? {} : { ports: port }),
    pluginsDirectory: pluginsDirectoryOf(files, pluginsDir),
    ...secrets,
    // A parent that supervises replicas has them reload one after the other.
    watchesPlugins: options.exitWithParent === undefined,
  })
}
