import { z } from 'zod'
import { duration } from '../../core/schema.ts'

export const singleSinkGroupSchema = z
  .strictObject({
    backoffMin: duration({ min: 1 })
      .prefault('500ms')
      .describe(
        'Delay before the next attempt after a first failure; doubles with each further one.',
      ),
    backoffMax: duration({ min: 1 })
      .prefault('30s')
      .describe('Longest delay between two attempts.'),
  })
  .refine((config) => config.backoffMin <= config.backoffMax, {
    path: ['backoffMin'],
    error: 'expected at most `backoffMax`',
  })

export type SingleSinkGroupConfig = z.output<typeof singleSinkGroupSchema>
