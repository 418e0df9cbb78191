import type { SupervisorEvent } from '../../supervisor/events.ts'
import type { ReplicaPlace } from '../../supervisor/layout.ts'
import type { Ending } from '../../supervisor/launch.ts'
import { formatDuration } from '../format.ts'

/** What happened, in one line for people. `tail` gives the last lines of a log. */
export function formatEvent(
  event: SupervisorEvent,
  tail: (logFile: string) => readonly string[],
): string {
  return `${event.replica}: ${textOf(event, tail)}`
}

function textOf(event: SupervisorEvent, tail: (logFile: string) => readonly string[]): string {
  switch (event.type) {
    case 'started':
      return `started, pid ${event.pid}`
    case 'ended':
      return `ended ${wordsOf(event.ending)}; starts again in ${formatDuration(event.retryInMs)}. Log: ${event.logFile}`
    case 'refused':
      return `refused its configuration and is not started again until that changes: ${tail(event.logFile).join(' | ')}. Log: ${event.logFile}`
    case 'killed':
      return `killed, as it did not stop within ${formatDuration(event.afterMs)}`
    case 'reloaded':
      return 'runs the new configuration'
    case 'restarting':
      return 'is started anew, as ports or addresses changed'
    case 'held':
      return `did not take in the new configuration, and the others of its agent are left as they are: ${event.reasons.join('; ')}`
    case 'removed':
      break
  }
  return `stopped, as it is not wanted any more. Its events stay in ${event.directory} and are delivered when it runs again`
}

function wordsOf({ code, reason }: Ending): string {
  if (code !== undefined) return `with code ${code}`
  return `by ${reason}`
}

/** Where a replica can be reached. Pure. */
export function formatPlace({ name, admin, sources }: ReplicaPlace): string {
  const listens = sources.map(({ key, host, port, written }) => {
    const at = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
    return `${key} at ${at}${written ? '' : ' (a free port)'}`
  })
  return `${name}: ${[...listens, `admin at ${admin}`].join(', ')}`
}
