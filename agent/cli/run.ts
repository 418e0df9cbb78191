import { join } from 'node:path'
import { startAdminServer } from '../admin/server.ts'
import { formatCount, formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { FlumeError } from '../core/errors.ts'
import type { Clock } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../lib/random.ts'
import { DEFAULT_ADMIN_ADDRESS, formatAddress, parseAddress, reachable } from './address.ts'
import { forgetAdmin, recordAdmin } from './admin-record.ts'
import type { ConfigurationSource, RunnableConfiguration } from './configuration.ts'
import { EXIT, printError } from './output.ts'
import { RunningAgent } from './running-agent.ts'
import { watch } from './watch.ts'

export interface RunOptions {
  readonly source: ConfigurationSource
  /** The agent's files live in `<dataDir>/<agent>-<ordinal>`. */
  readonly dataDir: string
  readonly ordinal?: number
  /** `HOST:PORT` of the admin server; port 0 takes a free one. */
  readonly adminAddress?: string
  /** How long a stop may take until what is left in memory is given up. */
  readonly shutdownMs: number
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Its abort stops the agent in order. */
  readonly signal: AbortSignal
  /** What the process hears of and this function acts on. */
  readonly hooks?: ProcessHooks
}

export interface ProcessHooks {
  /** Is given what to call when a reload is asked for. */
  onReload(reload: () => void): void
  /** Is given what to call with the flow, if known, before the process ends for an uncaught error. */
  onCrash(note: (flow: string | undefined) => void): void
}

/**
 * Runs one agent until `signal` aborts. Resolves to the exit code of the process; rejects only for
 * defects. Flows that fail do not end it: they are retried, and shown by the admin server.
 */
export async function runAgent(options: RunOptions): Promise<number> {
  const { source, log } = options
  // Taken before it is read, so that a change while it is read counts as one.
  const signature = await source.signature()
  const { plan, ...loaded } = await source.load()
  if (plan === undefined) {
    reportProblems(loaded.problems)
    return EXIT.usage
  }
  for (const note of loaded.notes) log.info({ note }, 'part of the input skipped')
  try {
    return await run({ ...loaded, plan }, signature, options)
  } catch (error) {
    log.error({ error }, 'agent failed')
    return EXIT.failure
  }
}

async function run(
  initial: RunnableConfiguration,
  signature: string,
  options: RunOptions,
): Promise<number> {
  const { source, disk, clock, log, signal, hooks, ordinal = 0 } = options
  const { plan } = initial
  const directory = join(options.dataDir, `${plan.name}-${ordinal}`)
  await makeDataDirectory(directory, disk)
  const agent = new RunningAgent({ ...options, initial, ordinal, directory })
  const address = adminAddress(options.adminAddress ?? DEFAULT_ADMIN_ADDRESS)
  const admin = await startAdminServer(address, agent, log)
  try {
    const client = formatAddress(reachable(admin.address))
    recordAdmin(directory, { address: client, pid: process.pid })
    log.info({ agent: plan.name, directory, admin: client }, 'agent starting')
    hooks?.onReload(() => agent.reload())
    hooks?.onCrash((flow) => agent.noteCrash(flow))
    const started = agent.start()
    const watcher = watch(source, signature, clock, () => agent.reload())
    try {
      // A start that fails ends the run; a stop need not wait for the start.
      await Promise.race([started.then(() => aborted(signal)), aborted(signal)])
    } finally {
      watcher.stop()
    }
    const { eventsLeft } = await agent.stop(options.shutdownMs)
    return eventsLeft === 0 ? EXIT.clean : EXIT.failure
  } finally {
    await admin.close()
    forgetAdmin(directory)
  }
}

/** One line each on stderr, as `validate` prints them; the log is for what happens later. */
function reportProblems(problems: readonly Problem[]): void {
  for (const problem of problems) printError(`${formatProblem(problem)}\n`)
  printError(`${formatCount(problems)}\n`)
}

async function makeDataDirectory(directory: string, disk: Disk): Promise<void> {
  try {
    await disk.makeDirectory(directory)
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    const message = `The data directory ${directory} cannot be made: ${reason}. Choose another with --data-dir DIR, or make this one writable.`
    throw new FlumeError('FLM9103', message, { retryable: false, cause, facts: { directory } })
  }
}

function adminAddress(text: string): { readonly host: string; readonly port: number } {
  const address = parseAddress(text)
  if (address !== undefined) return address
  const message = `The admin server cannot listen at ${text}: expected HOST:PORT. Choose another address with --admin HOST:PORT.`
  throw new FlumeError('FLM9102', message, { retryable: false })
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
