import { z } from 'zod'
import { bindAddress, byteSize, duration } from '../../core/schema.ts'
import { serverTlsSchema } from '../../core/tls.ts'
import { ipRuleProblem } from '../../lib/ip-filter.ts'

const MIB = 2 ** 20

const ipRuleSchema = z
  .strictObject({
    action: z.enum(['allow', 'deny']).describe('What becomes of a client that the rule matches.'),
    ip: z
      .string()
      .min(1)
      .max(64)
      .optional()
      .describe('Address of the client, with `*` and `?`, or a network such as `10.0.0.0/8`.'),
    name: z
      .string()
      .min(1)
      .max(253)
      .optional()
      .describe(
        'Host name of the client, with `*` and `?`; it counts only if it leads back to the address. `localhost` is this machine.',
      ),
  })
  .superRefine((rule, context) => {
    const message = ipRuleProblem(rule)
    if (message === undefined) return
    const path = rule.ip !== undefined && rule.name === undefined ? ['ip'] : []
    context.addIssue({ code: 'custom', path, message })
  })

export const avroSourceSchema = z
  .strictObject({
    bind: bindAddress,
    port: z
      .int()
      .min(0)
      .max(65_535)
      .describe('Port to listen at; 0 takes a free one, which the status shows.'),
    compression: z
      .enum(['none', 'deflate'])
      .prefault('none')
      .describe('Compression of the connections, as the senders have it: there is no negotiation.'),
    tls: serverTlsSchema
      .optional()
      .describe(
        'TLS with this certificate. Together with deflate it interoperates with Flume 1.10 and later only, which compress what is encrypted.',
      ),
    ipFilter: z
      .array(ipRuleSchema)
      .max(256)
      .prefault([])
      .describe(
        'Who may connect: the first rule that matches decides, a client that none matches is allowed.',
      ),
    acknowledge: z
      .enum(['OnSafe', 'OnAccept'])
      .prefault('OnSafe')
      .describe(
        'When to answer OK: OnSafe once the events cannot be lost any more (on disk in a file channel, delivered for a memory channel), OnAccept once they are in the channels, as Flume does.',
      ),
    idHeader: z
      .string()
      .min(1)
      .max(256)
      .optional()
      .describe(
        'Name of a header that gets the id an agent of ours gave the event, the same on every delivery and in every replica, unless an earlier hop has set it. By it the end can drop what arrived twice. Costs a text for each event.',
      ),
    roomTimeout: duration({ min: 0, max: 300e3 })
      .prefault('3s')
      .describe('How long events wait for room in the channels before they are answered FAILED.'),
    maxFrameSize: byteSize({ min: 4096, max: 64 * MIB })
      .prefault('16Mi')
      .describe('The largest request; a connection that sends a larger one is closed.'),
    maxBatchEvents: z
      .int()
      .min(1)
      .max(1_000_000)
      .prefault(100_000)
      .describe('Most events in one request; more are answered with an error.'),
    maxInFlightSize: byteSize({ min: 4096, max: 128 * MIB })
      .prefault('64Mi')
      .describe(
        'Most bytes of all requests that are being received or not answered yet; above that nothing more is read from the connections.',
      ),
    maxConnections: z
      .int()
      .min(1)
      .max(65_535)
      .prefault(1024)
      .describe('Most connections at a time; further ones are closed at once.'),
    requestTimeout: duration({ min: 100, max: 3600e3 })
      .prefault('1m')
      .describe(
        'How long a client may take to send a request, or to begin TLS; then its connection is closed.',
      ),
    idleTimeout: duration({ min: 1000, max: 7 * 86_400e3 })
      .optional()
      .describe(
        'After how long without a request a connection is closed. Omitted: never, senders may have nothing to send; the system notices those that vanished.',
      ),
  })
  .refine((config) => config.maxFrameSize <= config.maxInFlightSize, {
    error: 'expected at least the maxFrameSize',
    path: ['maxInFlightSize'],
  })

export type AvroSourceConfig = z.output<typeof avroSourceSchema>
