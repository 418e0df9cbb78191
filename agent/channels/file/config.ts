import { z } from 'zod'
import { byteSize } from '../../core/schema.ts'

/** Segments at least fit into a capacity, so that whole ones can be freed while others fill. */
export const SEGMENTS_PER_CAPACITY_MIN = 4

export const fileChannelSchema = z
  .strictObject({
    capacity: byteSize({ min: 8 * 2 ** 20 })
      .prefault('1Gi')
      .describe('Most bytes the channel uses on disk. At this bound sources wait.'),
    capacityEvents: z
      .int()
      .min(1)
      .optional()
      .describe(
        'Most events the channel holds, like the capacity of Flume. Without it, bytes alone count.',
      ),
    segmentSize: byteSize({ min: 2 ** 20, max: 2 ** 30 })
      .optional()
      .describe(
        'Size of one log file; files are freed whole. Default: 64Mi, or an eighth of a smaller capacity.',
      ),
  })
  .superRefine((config, context) => {
    if (config.segmentSize === undefined) return
    if (config.segmentSize * SEGMENTS_PER_CAPACITY_MIN <= config.capacity) return
    context.addIssue({
      code: 'custom',
      path: ['segmentSize'],
      params: { code: 'FLM1304' },
      message: `a segment of ${config.segmentSize} bytes is above a quarter of the capacity of ${config.capacity} bytes: lower segmentSize or raise capacity`,
    })
  })

export type FileChannelConfig = z.output<typeof fileChannelSchema>
