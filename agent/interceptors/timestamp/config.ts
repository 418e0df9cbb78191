import { z } from 'zod'
import { headerName } from '../../core/schema.ts'

export const timestampInterceptorSchema = z.strictObject({
  header: headerName
    .default('timestamp')
    .describe('Header that receives the time of intake, in milliseconds since the epoch.'),
  preserveExisting: z
    .boolean()
    .default(false)
    .describe('Keep the header of events that already have it.'),
})

export type TimestampInterceptorConfig = z.output<typeof timestampInterceptorSchema>
