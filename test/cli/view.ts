import type { AdminView } from '../../agent/admin/view.ts'
import { agentStatus } from './status.ts'

/** What an admin server shows of an agent that is well. */
export function adminView(changes: Partial<AdminView> = {}): AdminView {
  return {
    status: () => agentStatus(),
    ready: () => true,
    live: () => true,
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    ...changes,
  }
}
