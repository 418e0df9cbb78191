import { seconds } from './screen.ts'
import type { Screen } from './screen.ts'
import type { Up } from './up.ts'
import type { HubSeen, Watch } from './watch.ts'

const EDGE = 'edge-0'
const KILLED_HUB = 0
const FROZEN_HUB = 1
const WAIT_MS_MAX = 20_000
/** After the edge has left it. */
const STAY_FROZEN_MS = 4000

/** All as seen from outside, by asking the edge for its /status every 20 ms. */
export interface FaultTimes {
  /** From the fault until the edge counted on the other hub alone. */
  readonly failOverMs: number
  /** The longest that a line waited at the edge meanwhile. */
  readonly longestWaitMs: number
  /** Until the hub confirmed a line again: from the kill, or from when it was woken. */
  readonly recoveryMs: number
}

/** What the story offers those who make trouble in it. */
export interface Stage {
  readonly up: Up
  readonly watch: Watch
  readonly screen: Screen
  readonly tell: (text: string) => void
  readonly pause: (ms: number) => Promise<void>
  /** Rejects with `what` when it does not hold in time. */
  readonly until: (what: string, holds: () => boolean, msMax: number) => Promise<void>
}

/** SIGKILL: what the kernel does to a process that uses too much memory. `flume up` starts it again. */
export async function killHub(stage: Stage): Promise<FaultTimes> {
  const { up, watch, screen, tell, until } = stage
  const name = `hub-${KILLED_HUB}`
  watch.forget()
  const startedMs = performance.now()
  const pid = up.signal(name, 'SIGKILL')
  tell(`${screen.bad('kill -9')} ${name}, process ${pid}.`)
  await until(
    `the edge did not notice that ${name} is dead`,
    isLeft(watch, KILLED_HUB),
    WAIT_MS_MAX,
  )
  const failOverMs = performance.now() - startedMs
  await until(`${name} did not come back`, confirms(watch, KILLED_HUB), WAIT_MS_MAX)
  const recoveryMs = performance.now() - startedMs
  tell(
    `Its share went to the other hub after ${seconds(failOverMs)}; started again, it takes lines after ${seconds(recoveryMs)}.`,
  )
  return { failOverMs, longestWaitMs: watch.longestWaitMs, recoveryMs }
}

/**
 * SIGSTOP: a machine that hangs. Connections stay open and nothing is answered, so that only the time-out
 * of the sink tells.
 */
export async function freezeHub(stage: Stage): Promise<FaultTimes> {
  const { up, watch, screen, tell, until, pause } = stage
  const name = `hub-${FROZEN_HUB}`
  watch.forget()
  const startedMs = performance.now()
  const pid = up.signal(name, 'SIGSTOP')
  let failOverMs
  let longestWaitMs
  let wokenMs
  try {
    tell(`${screen.bad('freeze')} ${name}, process ${pid} (SIGSTOP): connected, but silent.`)
    await until(
      `the edge did not notice that ${name} hangs`,
      isLeft(watch, FROZEN_HUB),
      WAIT_MS_MAX,
    )
    failOverMs = performance.now() - startedMs
    tell(`The edge gave it up after ${seconds(failOverMs)}; the other hub takes everything.`)
    await pause(STAY_FROZEN_MS)
  } finally {
    // On an interruption too: a frozen process cannot stop in order.
    longestWaitMs = watch.longestWaitMs
    wokenMs = performance.now()
    up.signal(name, 'SIGCONT')
  }
  await until(`${name} did not come back`, confirms(watch, FROZEN_HUB), WAIT_MS_MAX)
  const recoveryMs = performance.now() - wokenMs
  tell(`${name} is woken and takes lines again after ${seconds(recoveryMs)}.`)
  return { failOverMs, longestWaitMs, recoveryMs }
}

/** How long after the kill a hub confirmed the first line of the new process. */
export async function killEdge(stage: Stage): Promise<number> {
  const { up, watch, screen, tell, until } = stage
  const startedMs = performance.now()
  const pid = up.signal(EDGE, 'SIGKILL')
  watch.forget()
  tell(`${screen.bad('kill -9')} the edge, process ${pid}. The web server goes on.`)
  const confirmed = (): boolean => watch.hubs().some((hub) => hub.eventsTotal > 0)
  await until('the edge did not come back', confirmed, WAIT_MS_MAX)
  const recoveryMs = performance.now() - startedMs
  tell(`Started again, it handed over its first lines ${seconds(recoveryMs)} after the kill.`)
  return recoveryMs
}

function isLeft(watch: Watch, ordinal: number): () => boolean {
  return () => watch.hubs()[ordinal]?.live === false
}

/** Whether a hub has confirmed lines since it was left: later than the first call. */
function confirms(watch: Watch, ordinal: number): () => boolean {
  let before: HubSeen | undefined
  return () => {
    const hub = watch.hubs()[ordinal]
    before ??= hub
    return hub !== undefined && before !== undefined && hub.eventsTotal > before.eventsTotal
  }
}
