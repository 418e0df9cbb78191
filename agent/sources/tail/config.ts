import { z } from 'zod'
import { boundedRecord, byteSize, duration, headerName } from '../../core/schema.ts'

const globs = (max: number) => z.array(z.string().min(1).max(4096)).max(max)

const HEADERS_MAX = 64

const headers = boundedRecord(headerName, z.string().max(4096), HEADERS_MAX)

const groupSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9]([-_.A-Za-z0-9]{0,62})$/, {
      error: 'expected a name of at most 63 letters, digits, "-", "_" and "."',
    })
    .meta({ maxLength: 63 })
    .describe('Name of the group, unique in the source; shown in the status.'),
  files: globs(64)
    .min(1)
    .describe(
      'Patterns of the files of this group. `*`, `?`, `[a-z]` and `{a,b}` match within a name, `**` any directories.',
    ),
  headers: headers
    .prefault({})
    .describe('Headers set on every event of this group; they win over those of the source.'),
})

/** The form of `tail` in a manifest; see each field. */
export const tailSourceSchema = z
  .strictObject({
    files: globs(64)
      .prefault([])
      .describe(
        'Patterns of the files to read, absolute or relative to the working directory. `*`, `?`, `[a-z]` and `{a,b}` match within a name, `**` any directories. A file that also belongs to a group is read once, with the headers of the first that matches.',
      ),
    headers: headers.prefault({}).describe('Headers set on every event of the source.'),
    groups: z
      .array(groupSchema)
      .max(32)
      .prefault([])
      .describe('Further patterns of files, each group with headers of its own.'),
    exclude: globs(64)
      .prefault(['**/*.gz', '**/*.bz2', '**/*.xz', '**/*.zst', '**/*.zip'])
      .describe(
        'Patterns of files that are never read although a pattern matches them: by default the compressed copies that log rotation makes.',
      ),
    startAt: z
      .enum(['beginning', 'end'])
      .prefault('beginning')
      .describe(
        'Where to start in files that are there when the source runs for the very first time. Files that appear later are always read from the beginning.',
      ),
    fileHeader: z.boolean().prefault(false).describe('Sets a header to the path of the file.'),
    fileHeaderKey: headerName.prefault('file').describe('Name of the header that has the path.'),
    byteOffsetHeader: z
      .boolean()
      .prefault(false)
      .describe('Sets the header `byteoffset` to the offset in the file where the line starts.'),
    maxLineSize: byteSize({ min: 16, max: 16 * 2 ** 20 })
      .prefault('1Mi')
      .describe('The longest line that becomes one event, in bytes, its line end not counted.'),
    longLines: z
      .enum(['split', 'truncate', 'drop'])
      .prefault('split')
      .describe(
        'What to do with longer lines: cut them into several events, keep the first part only, or leave them out. What is left out is counted.',
      ),
    readSize: byteSize({ min: 4096, max: 16 * 2 ** 20 })
      .prefault('1Mi')
      .describe('How much is read from a file at a time, and so the largest batch.'),
    scanInterval: duration({ min: 10, max: 3600e3 })
      .prefault('800ms')
      .describe('How often to look for new files and for changes of files that were idle.'),
    pollInterval: duration({ min: 1, max: 60e3 })
      .prefault('100ms')
      .describe('How often to look for new lines in files that grew lately.'),
    idleClose: duration({ min: 0 })
      .prefault('5m')
      .describe(
        'Closes a file after that time without new lines; it is opened again when it grows.',
      ),
    rotatedQuiet: duration({ min: 0, max: 3600e3 })
      .prefault('5s')
      .describe(
        'How long a renamed, copied or deleted file has to be without new lines until it counts as complete; then a last line without line feed is delivered.',
      ),
    maxOpenFiles: z
      .int()
      .min(1)
      .max(65_536)
      .prefault(2048)
      .describe(
        'How many files are kept open; above that the one read longest ago is closed. A file that is deleted while it is closed cannot be read to its end.',
      ),
    maxFiles: z
      .int()
      .min(1)
      .max(1_000_000)
      .prefault(10_000)
      .describe('How many files are followed at the same time; further ones wait, with a warning.'),
  })
  .refine((config) => config.files.length + config.groups.length > 0, {
    error: 'expected at least one pattern in "files" or one group in "groups"',
    path: ['files'],
  })
  .refine(
    (config) => new Set(config.groups.map((group) => group.name)).size === config.groups.length,
    { error: 'expected every group to have a name of its own', path: ['groups'] },
  )

export type TailSourceConfig = z.output<typeof tailSourceSchema>
