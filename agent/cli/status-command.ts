import { toFlumeError } from '../core/errors.ts'
import { sleep } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { DEFAULT_ADMIN_ADDRESS } from './address.ts'
import { findAdmins } from './admin-record.ts'
import { EXIT } from './output.ts'
import { fetchStatus } from './status-client.ts'
import { formatStatus } from './status-screen.ts'
import type { Sample } from './status-screen.ts'
import type { Output } from './validate.ts'

export interface StatusOptions {
  /** `HOST:PORT`; omitted: the agents recorded below `dataDir`, else the default address. */
  readonly admin?: string
  readonly dataDir: string
  /** Shows it again and again until the process is interrupted. */
  readonly watch: boolean
  readonly output: 'text' | 'json'
  /** Whether the screen can be cleared between two looks. */
  readonly terminal: boolean
}

/** Time between the two looks that the rates of a single screen are taken from. */
const RATE_MS = 500
const WATCH_MS = 1_000
const CLEAR_SCREEN = '\u001B[H\u001B[2J'

/** A look at an agent that does not answer. */
interface Missing {
  readonly address: string
  readonly problem: string
}

/** `flume status`. Resolves to the exit code: 1 when no agent answers. */
export async function status(options: StatusOptions, clock: Clock, out: Output): Promise<number> {
  let before: readonly (Sample | Missing)[] = []
  if (options.output === 'text') {
    before = await look(options, clock)
    if (before.some(isSample)) await sleep(clock, RATE_MS)
  }
  while (true) {
    // The addresses too: an agent that was restarted on a free port has another one.
    const now = await look(options, clock)
    show(options, before, now, out)
    if (!options.watch) return now.some(isSample) ? EXIT.clean : EXIT.failure
    before = now
    await sleep(clock, WATCH_MS)
  }
}

function look(options: StatusOptions, clock: Clock): Promise<(Sample | Missing)[]> {
  return Promise.all(addressesOf(options).map((address) => lookAt(address, clock)))
}

async function lookAt(address: string, clock: Clock): Promise<Sample | Missing> {
  try {
    return { status: await fetchStatus(address), address, at: clock.now() }
  } catch (error) {
    const { code, message } = toFlumeError(error)
    return { address, problem: `${code} ${message}` }
  }
}

function addressesOf({ admin, dataDir }: StatusOptions): string[] {
  if (admin !== undefined) return [admin]
  const found = [...findAdmins(dataDir).values()].map((record) => record.address)
  return found.length > 0 ? found : [DEFAULT_ADMIN_ADDRESS]
}

function show(
  options: StatusOptions,
  before: readonly (Sample | Missing)[],
  now: readonly (Sample | Missing)[],
  out: Output,
): void {
  if (options.watch && options.terminal && options.output === 'text') out.stdout(CLEAR_SCREEN)
  for (const [i, each] of now.entries()) {
    if (!isSample(each)) {
      out.stderr(`${each.problem}\n`)
    } else if (options.output === 'json') {
      out.stdout(`${JSON.stringify(each.status)}\n`)
    } else {
      const earlier = before.filter(isSample).find(({ address }) => address === each.address)
      out.stdout(`${i === 0 ? '' : '\n'}${formatStatus(earlier ?? each, each)}`)
    }
  }
}

function isSample(each: Sample | Missing): each is Sample {
  return 'status' in each
}
