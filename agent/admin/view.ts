import type { AgentStatus } from '../core/status.ts'

/** What the admin server shows. Each call gives the facts of this moment. */
export interface AdminView {
  status(): AgentStatus
  /** Whether the process can serve: it has come up, and some flow takes events or there is none to. */
  ready(): boolean
  /** Whether the parts that must never stand still make progress. */
  live(): boolean
  /** Metrics in the Prometheus text format. */
  metrics(): Promise<{ readonly contentType: string; readonly text: string }>
}
