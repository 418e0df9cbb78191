import { z } from 'zod'
import { headerName } from '../../core/schema.ts'

export const hostInterceptorSchema = z.strictObject({
  header: headerName
    .default('host')
    .describe('Header that receives the address or the name of the machine the agent runs on.'),
  useIP: z
    .boolean()
    .default(true)
    .describe('Whether to write the IP address; if false, the host name.'),
  preserveExisting: z
    .boolean()
    .default(false)
    .describe('Keep the header of events that already have it.'),
})

export type HostInterceptorConfig = z.output<typeof hostInterceptorSchema>
