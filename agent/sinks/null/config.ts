import { z } from 'zod'

export const nullSinkSchema = z.strictObject({})

export type NullSinkConfig = z.output<typeof nullSinkSchema>
