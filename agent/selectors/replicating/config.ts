import { z } from 'zod'
import { componentName } from '../../core/schema.ts'

export const replicatingSelectorSchema = z.strictObject({
  optional: z
    .array(componentName)
    .max(32)
    .default([])
    .describe(
      'Channels of the source that need not take the events: their failures are counted and otherwise ignored. All others are required.',
    ),
})

export type ReplicatingSelectorConfig = z.output<typeof replicatingSelectorSchema>
