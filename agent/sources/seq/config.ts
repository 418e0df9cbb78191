import { z } from 'zod'

export const seqSourceSchema = z.strictObject({
  batchSize: z.int().min(1).max(100_000).default(1).describe('Events that travel together.'),
  totalEvents: z
    .int()
    .min(0)
    .optional()
    .describe('Number of events after which the source is done. Omitted: it goes on for ever.'),
})

export type SeqSourceConfig = z.output<typeof seqSourceSchema>
