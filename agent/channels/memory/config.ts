import { z } from 'zod'
import { byteSize } from '../../core/schema.ts'

export const memoryChannelSchema = z
  .strictObject({
    capacity: z
      .int()
      .min(1)
      .max(100_000_000)
      .default(10_000)
      .describe('Events the channel holds at most; sources wait while it is full.'),
    byteCapacity: byteSize({ min: 1024 })
      .prefault('64Mi')
      .describe('Bytes of event bodies the channel holds at most.'),
    transactionCapacity: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Events that enter as one unit at most; larger batches are cut. Omitted: `capacity`.',
      ),
  })
  .refine((config) => (config.transactionCapacity ?? 1) <= config.capacity, {
    path: ['transactionCapacity'],
    error: 'expected at most `capacity`',
  })

export type MemoryChannelConfig = z.output<typeof memoryChannelSchema>
