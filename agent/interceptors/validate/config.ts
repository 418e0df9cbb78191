import { z } from 'zod'
import { byteSize, headerName } from '../../core/schema.ts'

export const validateInterceptorSchema = z
  .strictObject({
    requiredHeaders: z
      .array(headerName)
      .max(64)
      .prefault([])
      .describe('Headers that an event must have; they may be empty.'),
    maxBodySize: byteSize()
      .optional()
      .describe('The largest body that is valid. Omitted: every size is.'),
    utf8: z.boolean().default(false).describe('Whether a body must be UTF-8.'),
    json: z
      .boolean()
      .default(false)
      .describe('Whether a body must be JSON of any kind, in UTF-8. An empty one is not.'),
    action: z
      .enum(['drop', 'tag', 'deadLetter'])
      .prefault('deadLetter')
      .describe(
        'What becomes of an event that is not valid: it is dropped and counted, or gets a header that says why, or goes to the dead-letter channel of the flow.',
      ),
    tagHeader: headerName
      .prefault('invalid')
      .describe(
        'With the action tag, the header that says why an event is not valid. Events that are valid do not have it afterwards.',
      ),
  })
  .refine(
    ({ requiredHeaders, maxBodySize, utf8, json }) =>
      requiredHeaders.length > 0 || maxBodySize !== undefined || utf8 || json,
    { error: 'expected at least one check: requiredHeaders, maxBodySize, utf8 or json' },
  )

export type ValidateInterceptorConfig = z.output<typeof validateInterceptorSchema>
