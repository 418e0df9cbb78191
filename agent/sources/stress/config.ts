import { z } from 'zod'
import { byteSize } from '../../core/schema.ts'

export const stressSourceSchema = z.strictObject({
  eventsPerSecond: z
    .number()
    .positive()
    .max(10_000_000)
    .optional()
    .describe(
      'Rate at which events are made, evenly and without bursts. Omitted: as fast as the channels take them.',
    ),
  size: byteSize({ min: 1, max: 1024 * 1024 })
    .prefault(500)
    .describe('Bytes of each body; at least its id is written even if that is longer.'),
  batchSize: z.int().min(1).max(100_000).default(1).describe('Events that travel together.'),
  maxTotalEvents: z
    .int()
    .min(0)
    .optional()
    .describe('Number of events after which the source is done. Omitted: it goes on for ever.'),
  prefix: z
    .string()
    .max(64)
    .optional()
    .describe(
      'Start of every body, followed by "-", a number that counts up from 0 and a blank. Omitted: the name of the source and a part that differs at each start, so that no two events are equal.',
    ),
})

export type StressSourceConfig = z.output<typeof stressSourceSchema>
