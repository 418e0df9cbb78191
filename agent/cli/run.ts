import { join } from 'node:path'
import { startAdminServer } from '../admin/server.ts'
import { loadConfiguration } from '../config/load.ts'
import type { Bindings } from '../config/load.ts'
import { formatCount, formatProblem } from '../config/problem.ts'
import type { Problem } from '../config/problem.ts'
import { cure } from '../config/suggest.ts'
import { FlumeError } from '../core/errors.ts'
import type { AgentPlan } from '../core/plan.ts'
import type { Clock } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Logger } from '../core/logger.ts'
import type { Random } from '../lib/random.ts'
import { DEFAULT_ADMIN_ADDRESS, formatAddress, parseAddress, reachable } from './address.ts'
import { forgetAdmin, recordAdmin } from './admin-record.ts'
import { EXIT, printError } from './output.ts'
import { RunningAgent } from './running-agent.ts'
import { signatureOf, watchFiles } from './watch.ts'

export interface RunOptions extends Bindings {
  /** Manifests: files, directories, or `-` for the standard input. */
  readonly files: readonly string[]
  /** Whether a changed module in the directory of plugins is a reason to reload. */
  readonly watchesPlugins?: boolean
  /** Which agent of the input to run; needed when it defines several. */
  readonly agent?: string
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
  const { files, log } = options
  // Taken before the files are read, so that a change while they are read counts as one.
  const signature = await signatureOf(watchedBy(options))
  const { plan, problems, notes, listeners } = await loadConfiguration(files, options)
  if (plan === undefined) {
    reportProblems(problems)
    return EXIT.usage
  }
  const unknown = [...(options.ports ?? new Map()).keys()].find((key) => !listeners.includes(key))
  if (unknown !== undefined) {
    const near = cure(unknown, listeners, 'sources that listen')
    printError(`--port: the agent has no source ${unknown} that listens.${near}\n`)
    return EXIT.usage
  }
  for (const note of notes) log.info({ note }, 'part of the input skipped')
  try {
    return await runPlan(plan, signature, options)
  } catch (error) {
    log.error({ error }, 'agent failed')
    return EXIT.failure
  }
}

async function runPlan(plan: AgentPlan, signature: string, options: RunOptions): Promise<number> {
  const { disk, clock, log, signal, hooks } = options
  const directory = join(options.dataDir, `${plan.name}-${options.ordinal ?? 0}`)
  await makeDataDirectory(directory, disk)
  const agent = new RunningAgent({ ...options, plan, directory })
  const address = adminAddress(options.adminAddress ?? DEFAULT_ADMIN_ADDRESS)
  const admin = await startAdminServer(address, agent, log)
  try {
    const client = formatAddress(reachable(admin.address))
    recordAdmin(directory, { address: client, pid: process.pid })
    log.info({ agent: plan.name, directory, admin: client }, 'agent starting')
    hooks?.onReload(() => agent.reload())
    hooks?.onCrash((flow) => agent.noteCrash(flow))
    const started = agent.start()
    const watcher = watchFiles(watchedBy(options), signature, clock, () => agent.reload())
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

function watchedBy({ files, pluginsDirectory, watchesPlugins }: RunOptions): readonly string[] {
  const watches = watchesPlugins === true && pluginsDirectory !== undefined
  return watches ? [...files, pluginsDirectory] : files
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
