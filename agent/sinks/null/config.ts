import { z } from 'zod'

export const nullSinkSchema = z.strictObject({})
