import type { ComponentLoader } from '../core/component.ts'
import type { ComponentContext } from '../core/context.ts'
import type { Logger } from '../core/logger.ts'
import type { Clock } from '../lib/clock.ts'
import type { Disk } from '../lib/disk.ts'
import type { Random } from '../lib/random.ts'
import type { Metrics } from '../telemetry/metrics.ts'

/** What everything in one flow shares. */
export interface FlowContext {
  readonly flow: string
  /** Its channels are directories in here. */
  readonly directory: string
  readonly loader: ComponentLoader
  readonly disk: Disk
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  readonly metrics: Metrics
}

export type ComponentKind = 'source' | 'channel' | 'sink' | 'interceptor'

export function componentContext(
  context: FlowContext,
  kind: ComponentKind,
  name: string,
): ComponentContext {
  const { flow, clock, random, disk } = context
  return { name, flow, clock, random, disk, log: context.log.child({ [kind]: name }) }
}
