import { readFileSync, writeFileSync } from 'node:fs'

/** So many crashes of one flow within the window, and the next start goes without it. */
export const CRASHES_MAX = 3
export const CRASH_WINDOW_MS = 60_000
/** How many crashes the file keeps; more than can matter within one window. */
const RECORDS_MAX = 16

export interface Crash {
  /** Milliseconds since the epoch. */
  readonly at: number
  /** The flow whose code threw; undefined when that is not known. */
  readonly flow: string | undefined
}

/**
 * The last crashes of an agent, in a small JSON file in its data directory. It only informs the next
 * start: it is not synced, and a file that is not there or not readable is one without crashes.
 *
 * The file is read and written synchronously: when a crash is noted, nothing after it runs for sure.
 */
export class CrashRecord {
  readonly #path: string

  constructor(path: string) {
    this.#path = path
  }

  note(crash: Crash): void {
    const crashes = [...this.#read(), crash].slice(-RECORDS_MAX)
    writeFileSync(this.#path, `${JSON.stringify({ crashes })}\n`)
  }

  /** The flows that crashed the agent too often of late. A clock that was set back forgets nothing. */
  suspects(now: number): ReadonlySet<string> {
    const counts = new Map<string, number>()
    for (const { at, flow } of this.#read()) {
      if (flow === undefined || now - at > CRASH_WINDOW_MS) continue
      counts.set(flow, (counts.get(flow) ?? 0) + 1)
    }
    return new Set([...counts].filter(([, count]) => count >= CRASHES_MAX).map(([flow]) => flow))
  }

  #read(): readonly Crash[] {
    try {
      const { crashes } = JSON.parse(readFileSync(this.#path, 'utf8')) as { crashes?: unknown }
      return Array.isArray(crashes) ? crashes.flatMap(toCrash) : []
    } catch {
      return []
    }
  }
}

function toCrash(value: unknown): Crash[] {
  const { at, flow } = (value ?? {}) as { at?: unknown; flow?: unknown }
  if (typeof at !== 'number') return []
  return [{ at, flow: typeof flow === 'string' ? flow : undefined }]
}
