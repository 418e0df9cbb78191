import { z } from 'zod'
import { byteSize, duration } from '../../core/schema.ts'

const DAY_MS = 86_400_000

/** Part of a file name: nothing that could leave the directory or need quoting in a shell. */
const nameAffix = z
  .string()
  .regex(/^[A-Za-z0-9._-]{0,64}$/, {
    error: 'expected at most 64 letters, digits, ".", "_" and "-"',
  })
  .meta({ maxLength: 64 })

export const fileSinkSchema = z.strictObject({
  directory: z
    .string()
    .min(1)
    .max(4096)
    .refine((path) => !path.includes('\0'), { error: 'expected a path without NUL' })
    .describe(
      'Directory the files are written to; made when it does not exist. Several sinks may share one.',
    ),
  format: z
    .enum(['text', 'json'])
    .default('text')
    .describe(
      'What a line is: text writes the body and a line feed; json writes one object per event with its headers, body and id.',
    ),
  filePrefix: nameAffix
    .default('')
    .describe('What file names begin with, before the start time of the sink and a number.'),
  fileSuffix: nameAffix
    .default('.log')
    .describe('What file names end with, such as .log or .json.'),
  rollInterval: duration({ max: 7 * DAY_MS })
    .prefault('5m')
    .describe('A file is closed this long after it was begun, with or without events; 0s: never.'),
  rollSize: byteSize()
    .prefault('128Mi')
    .describe('A file is closed by the write that brings it to this size; 0: never.'),
})

export type FileSinkConfig = z.output<typeof fileSinkSchema>
