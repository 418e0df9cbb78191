import { z } from 'zod'
import { componentName, headerName } from '../../core/schema.ts'

const MAPPINGS_MAX = 64
const CHANNELS_MAX = 32

const channels = z.array(componentName).max(CHANNELS_MAX)

const mapping = z
  .strictObject({
    value: z
      .string()
      .max(32768)
      .regex(/\S/, {
        error: 'expected a value that is not blank: events with a blank header go to `default`',
      })
      .describe('Header value, compared exactly and with regard to case.'),
    channels: channels
      .min(1)
      .optional()
      .describe('Channels that must take the events. Omitted: those of `default`.'),
    optional: channels
      .default([])
      .describe(
        'Channels that get the events too but need not take them: their failures are counted and otherwise ignored. A channel that is required as well is required.',
      ),
  })
  .refine((each) => each.channels !== undefined || each.optional.length > 0, {
    error: 'expected `channels`, `optional` or both',
  })

export const multiplexingSelectorSchema = z.strictObject({
  header: headerName
    .default('flume.selector.header')
    .describe('Header whose value decides where an event goes.'),
  mappings: z
    .array(mapping)
    .max(MAPPINGS_MAX)
    .default([])
    .superRefine((mappings, context) => {
      const seen = new Set<string>()
      for (const [i, { value }] of mappings.entries()) {
        if (seen.has(value)) {
          context.addIssue({
            code: 'custom',
            path: [i, 'value'],
            message: `the value "${value}" is mapped twice; merge the two mappings`,
          })
        }
        seen.add(value)
      }
    })
    .describe('Which channels the events of a header value go to.'),
  default: channels
    .default([])
    .describe(
      'Channels for events whose header is absent, blank or mapped nowhere. Empty: such events are dropped and counted.',
    ),
})

export type MultiplexingSelectorConfig = z.output<typeof multiplexingSelectorSchema>
