import { constants } from 'node:os'
import { join, resolve } from 'node:path'
import { pluginsDirectoryOf } from '../../config/resolve.ts'
import { duration } from '../../core/schema.ts'
import { FlumeError, systemCode, toFlumeError } from '../../core/errors.ts'
import { systemClock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import type { DiskLock } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { probePort } from '../../supervisor/free-port.ts'
import { launchFlume } from '../../supervisor/launch.ts'
import type { LogFormat, LogLevel } from '../../telemetry/log-options.ts'
import { EXIT, OutputClosed } from '../output.ts'
import { fetchStatus } from '../status-client.ts'
import { runUp } from './session.ts'
import { JsonDisplay, LineDisplay, TerminalDisplay } from './display.ts'
import type { Display } from './display.ts'
import type { Output } from '../validate.ts'

export interface UpCommandOptions {
  readonly file: readonly string[]
  readonly dataDir: string
  readonly agentAddress?: ReadonlyMap<string, readonly string[]>
  readonly pluginsDir?: string
  readonly secretsDir?: string
  readonly shutdownTimeout: string
  readonly logLevel: LogLevel
  readonly logFormat?: LogFormat
  readonly output: 'text' | 'json'
  /** Whether a person reads the standard output. */
  readonly terminal: boolean
  /** Ends the process at once. */
  readonly exit: (code: number) => never
}

/** An agent stops by itself within its time and five seconds more; after that it never will. */
const KILL_GRACE_MS = 10_000
/** An answer that takes longer is none: the table is made anew each second. */
const STATUS_TIMEOUT_MS = 2_000
const WIDTH = 100
const HEIGHT = 24
/** A shell says 128 + the signal's number of a process that a signal ended: 130 for SIGINT. */
const SIGNAL_EXIT = 128

/** `flume up`, with the signals of the process. */
export async function up(options: UpCommandOptions, out: Output): Promise<number> {
  const shutdown = duration().safeParse(options.shutdownTimeout)
  if (!shutdown.success) {
    out.stderr(`--shutdown-timeout: ${shutdown.error.issues[0]!.message}\n`)
    return EXIT.usage
  }
  const pluginsDirectory = pluginsDirectoryOf(options.file, options.pluginsDir)
  const secretsDirectory = options.secretsDir && resolve(options.secretsDir)
  const { file: files, dataDir, logLevel, logFormat = 'json', shutdownTimeout } = options
  let lock: DiskLock | undefined
  try {
    lock = await lockDataDirectory(dataDir)
    const { stop, ...signals } = attachSignals(options.exit)
    return await runUp({
      files,
      dataDir,
      addresses: options.agentAddress ?? new Map(),
      pluginsDirectory,
      secretsDirectory,
      runArgs: [
        `--plugins-dir=${pluginsDirectory}`,
        ...(secretsDirectory === undefined ? [] : [`--secrets-dir=${secretsDirectory}`]),
        `--shutdown-timeout=${shutdownTimeout}`,
        `--log-level=${logLevel}`,
        `--log-format=${logFormat}`,
      ],
      killAfterMs: shutdown.data + KILL_GRACE_MS,
      clock: systemClock,
      random: systemRandom,
      probe: probePort,
      launch: launchFlume,
      fetchStatus: (address) => fetchStatus(address, STATUS_TIMEOUT_MS),
      display: displayFor(options, untilClosed(out, stop)),
      ...signals,
    })
  } catch (error) {
    const { code, message } = toFlumeError(error)
    out.stderr(`${code} ${message}\n`)
    return EXIT.failure
  } finally {
    lock?.release()
  }
}

function displayFor({ output, terminal }: UpCommandOptions, out: Output): Display {
  if (output === 'json') return new JsonDisplay(out, () => systemClock.now())
  if (!terminal) return new LineDisplay(out)
  return new TerminalDisplay(out, () => {
    const { columns, rows } = process.stdout
    // A terminal that does not know its size says 0.
    return { width: columns > 0 ? columns : WIDTH, height: rows > 0 ? rows : HEIGHT }
  })
}

/**
 * A reader that is gone, or a terminal: the agents are stopped in order, with nobody to tell. `run`
 * ends at once then, but here others would be left to see it from a closed pipe.
 */
function untilClosed(out: Output, stop: () => void): Output {
  const guarded = (write: (text: string) => void): ((text: string) => void) => {
    let closed = false
    return (text) => {
      if (closed) return
      try {
        write(text)
      } catch (error) {
        if (!(error instanceof OutputClosed) && systemCode(error) !== 'EIO') throw error
        closed = true
        stop()
      }
    }
  }
  return { stdout: guarded(out.stdout), stderr: guarded(out.stderr) }
}

/** The first SIGTERM or SIGINT stops all in order, a second one ends all at once; SIGHUP reloads. */
function attachSignals(exit: (code: number) => never) {
  const stop = new AbortController()
  let reload: (() => void) | undefined
  let kill: (() => void) | undefined
  const onStop = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      kill?.()
      exit(SIGNAL_EXIT + constants.signals[signal])
    }
    stop.abort()
  }
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', () => reload?.())
  return {
    signal: stop.signal,
    stop: () => stop.abort(),
    onReload: (call: () => void) => void (reload = call),
    onKill: (call: () => void) => void (kill = call),
  }
}

/** Two of this command would start every agent twice on the same data. */
async function lockDataDirectory(dataDir: string): Promise<DiskLock> {
  let lock: DiskLock | undefined
  try {
    await nodeDisk.makeDirectory(dataDir)
    lock = await nodeDisk.lock(join(dataDir, 'up.lock'))
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `The data directory ${dataDir} cannot be used: ${reason}. Choose another with --data-dir DIR, or make this one writable.`
    throw new FlumeError('FLM9103', message, { retryable: false, cause, facts: { dataDir } })
  }
  if (lock !== undefined) return lock
  const message = `The data directory ${dataDir} is in use by another flume up. Stop that one, or choose another with --data-dir DIR.`
  throw new FlumeError('FLM9103', message, { retryable: false, facts: { dataDir } })
}
