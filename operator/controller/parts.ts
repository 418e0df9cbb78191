import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { ApplyContext } from '../apply/context.ts'
import type { KubeObject } from '../kube/types.ts'
import type { Caches } from '../observe/caches.ts'
import type { Poller } from '../observe/poller.ts'
import type { BacklogBudget } from '../status/budget.ts'
import type { Told } from '../status/happenings.ts'
import type { OperatorMetrics } from './metrics.ts'
import type { Nudges } from './nudges.ts'
import type { RolloutSlots } from './slots.ts'

/** What a reconciliation works with; the same for all pools. */
export interface Parts {
  readonly caches: Caches
  readonly apply: ApplyContext
  readonly poller: Pick<Poller, 'reportOf' | 'setPending' | 'refresh' | 'askSoon'>
  readonly budget: BacklogBudget
  readonly slots: RolloutSlots
  readonly nudges: Nudges
  readonly metrics: OperatorMetrics
  /** Tells users what happened to an object, as an Event. */
  readonly tell: (regarding: KubeObject, told: Told) => void
  /** A pool is no more: nothing about it needs to be remembered. */
  readonly forget: (scope: string) => void
  /** Of agents that name none. */
  readonly image: string
  readonly clock: Clock
  readonly log: Logger
}
