import { z } from 'zod'
import { duration } from '../../core/schema.ts'

export const loadBalanceSinkGroupSchema = z.strictObject({
  selector: z
    .enum(['RoundRobin', 'Random'])
    .default('RoundRobin')
    .describe(
      'Which sink gets the next batch: each in turn, or any. One that is busy is passed over.',
    ),
  backoff: z
    .boolean()
    .default(true)
    .describe(
      'Whether a sink that failed is left alone for a time, and then tried by one write. If not, it is tried each time its turn comes.',
    ),
  maxBackoff: duration({ min: 1000 })
    .prefault('30s')
    .describe(
      'Longest time for which a sink that failed is left alone: 2s after the first failure, doubled by each further one within an hour. Without `backoff`, the longest pause after all sinks have failed.',
    ),
  timeout: duration({ min: 100 })
    .prefault('10s')
    .describe(
      'A sink whose start or write takes longer counts as failed, and the others take over. What it writes stays with it until the write has ended: only then may another sink deliver it. Sinks that write to a network have shorter limits of their own.',
    ),
})

export type LoadBalanceSinkGroupConfig = z.output<typeof loadBalanceSinkGroupSchema>
