import { z } from 'zod'
import { headerName } from '../../core/schema.ts'

export const staticInterceptorSchema = z.strictObject({
  key: headerName.default('key').describe('Header to set.'),
  value: z.string().max(32768).default('value').describe('Value the header is set to.'),
  preserveExisting: z
    .boolean()
    .default(true)
    .describe('Keep the header of events that already have it.'),
})

export type StaticInterceptorConfig = z.output<typeof staticInterceptorSchema>
