import { z } from 'zod'
import { byteSize } from '../../core/schema.ts'

export const loggerSinkSchema = z.strictObject({
  maxBytesToLog: byteSize({ max: 1024 * 1024 })
    .prefault(16)
    .describe('How much of each body is logged, from its start.'),
})

export type LoggerSinkConfig = z.output<typeof loggerSinkSchema>
