import { z } from 'zod'
import { bindAddress, byteSize, duration } from '../../core/schema.ts'
import { serverTlsSchema } from '../../core/tls.ts'

export const httpSourceSchema = z
  .strictObject({
    bind: bindAddress,
    port: z.int().min(0).max(65_535).describe('Port to listen at; 0 takes a free one.'),
    path: z
      .string()
      .max(1024)
      .regex(/^\/[^\s?#]*$/, { error: 'expected a path such as /events' })
      .optional()
      .describe(
        'The only path that takes events; others are answered 404. Omitted: every path does, as in Flume.',
      ),
    maxBodySize: byteSize({ min: 1024, max: 64 * 2 ** 20 })
      .prefault('8Mi')
      .describe('The largest body of a request; a larger one is answered 413.'),
    maxEvents: z
      .int()
      .min(1)
      .max(1_000_000)
      .prefault(100_000)
      .describe('Most events in one request; more are answered 413.'),
    maxBodiesSize: byteSize({ min: 1024, max: 2 ** 30 })
      .prefault('64Mi')
      .describe(
        'Most bytes of all bodies that are being received or wait for room in the channels; above that requests are answered 503.',
      ),
    maxConnections: z
      .int()
      .min(1)
      .max(65_535)
      .prefault(1024)
      .describe('Most connections at a time; further ones are closed at once.'),
    acknowledge: z
      .enum(['OnSafe', 'OnAccept'])
      .prefault('OnSafe')
      .describe(
        'When to answer 200: OnSafe once the events cannot be lost any more (on disk in a file channel, delivered for a memory channel), OnAccept once they are in the channels, as Flume does.',
      ),
    roomTimeout: duration({ min: 0, max: 300e3 })
      .prefault('3s')
      .describe(
        'How long a request waits for room in the channels before it is answered 503 with Retry-After.',
      ),
    requestTimeout: duration({ min: 100, max: 3600e3 })
      .prefault('1m')
      .describe('How long a client may take to send a request; then it is answered 408.'),
    headersTimeout: duration({ min: 100, max: 3600e3 })
      .prefault('10s')
      .describe(
        'How long a client may take to send the head of a request; then it is answered 408.',
      ),
    tls: serverTlsSchema
      .optional()
      .describe('Speaks HTTPS with these files; plain connections are then refused.'),
  })
  .refine((config) => config.headersTimeout <= config.requestTimeout, {
    error: 'expected at most the requestTimeout',
    path: ['headersTimeout'],
  })
  .refine((config) => config.maxBodySize <= config.maxBodiesSize, {
    error: 'expected at least the maxBodySize',
    path: ['maxBodiesSize'],
  })

export type HttpSourceConfig = z.output<typeof httpSourceSchema>
