import { z } from 'zod'
import { componentName, duration } from '../../core/schema.ts'

const PRIORITIES_MAX = 32

const prioritySchema = z.strictObject({
  sink: componentName.describe('Name of a sink of the group.'),
  priority: z
    .int()
    .describe(
      'Of the sinks that work, the one with the highest number is used. Each has a number of its own.',
    ),
})

export const failoverSinkGroupSchema = z
  .strictObject({
    priorities: z
      .array(prioritySchema)
      .min(2)
      .max(PRIORITIES_MAX)
      .describe('Every sink of the group, each with its priority.'),
    maxPenalty: duration({ min: 1000 })
      .prefault('30s')
      .describe(
        'Longest time for which a sink that failed is left alone: 2s after the first failure, doubled by each further one. Then one write tries it.',
      ),
    timeout: duration({ min: 100 })
      .prefault('10s')
      .describe(
        'A sink whose start or write takes longer counts as failed, and the next one takes over. What it writes stays with it until the write has ended: only then may another sink deliver it. Sinks that write to a network have shorter limits of their own.',
      ),
  })
  .superRefine(({ priorities }, context) => {
    const report = (i: number, key: 'sink' | 'priority', message: string): void =>
      context.addIssue({
        code: 'custom',
        path: ['priorities', i, key],
        message,
        params: { code: 'FLM1205' },
      })
    for (const [i, { sink, priority }] of priorities.entries()) {
      const earlier = priorities.slice(0, i)
      if (earlier.some((each) => each.sink === sink))
        report(i, 'sink', `the sink ${JSON.stringify(sink)} is given twice. Remove one`)
      const same = earlier.find((each) => each.priority === priority)
      if (same !== undefined && same.sink !== sink)
        report(
          i,
          'priority',
          `the sinks ${JSON.stringify(same.sink)} and ${JSON.stringify(sink)} have the same priority ${priority}. Give each a number of its own`,
        )
    }
  })

export type FailoverSinkGroupConfig = z.output<typeof failoverSinkGroupSchema>
