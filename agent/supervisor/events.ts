import type { Ending } from './launch.ts'

/** What happened to a replica; put into words by whoever shows it. */
export type SupervisorEvent =
  | { readonly type: 'started'; readonly replica: string; readonly pid: number }
  | {
      readonly type: 'ended'
      readonly replica: string
      readonly ending: Ending
      readonly retryInMs: number
      readonly logFile: string
    }
  /** Its configuration or command line is wrong: it is not started again until that changes. */
  | { readonly type: 'refused'; readonly replica: string; readonly logFile: string }
  | { readonly type: 'killed'; readonly replica: string; readonly afterMs: number }
  | { readonly type: 'reloaded'; readonly replica: string }
  | { readonly type: 'restarting'; readonly replica: string }
  /** A change was not taken in; the other replicas of the agent are left as they are. */
  | { readonly type: 'held'; readonly replica: string; readonly reasons: readonly string[] }
  | { readonly type: 'removed'; readonly replica: string; readonly directory: string }

export type Report = (event: SupervisorEvent) => void
