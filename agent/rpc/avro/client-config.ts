import { z } from 'zod'
import { byteSize, duration } from '../../core/schema.ts'
import { clientTlsSchema } from '../../core/tls.ts'

/** Most events of one request. */
export const BATCH_SIZE_MAX = 65_536
const CONNECTIONS_MAX = 32
const IN_FLIGHT_MAX = 1_000_000
const MINUTE_MS = 60_000

/** What every client of Avro sources is configured with, whatever tells it the addresses. */
export const clientFields = {
  batchBytes: byteSize({ min: 1024, max: 16 * 2 ** 20 })
    .prefault('256Ki')
    .describe(
      'A request is ended by this many bytes of bodies and headers, also below `batchSize`; a larger event goes alone.',
    ),
  connections: z
    .int()
    .min(1)
    .max(CONNECTIONS_MAX)
    .prefault(2)
    .describe('Connections to each address. Requests follow each other in each without waiting.'),
  maxInFlight: z
    .int()
    .min(1)
    .max(IN_FLIGHT_MAX)
    .prefault(32_768)
    .describe(
      'At most this many events are sent and not yet answered, over all connections. When a receiver fails while it has them, nobody knows whether it took them, and they are sent again: this is also the most that can then arrive twice at another receiver. Our own agents drop what the same one gets again. When this agent itself is killed, what was answered in the last moments comes on top, since the note of it was not on its disk.',
    ),
  requestTimeout: duration({ min: 10, max: 10 * MINUTE_MS })
    .prefault('4s')
    .describe(
      'How long an answer may take, from the one before it. Then the connection is closed and its events are sent again, elsewhere if possible: a receiver that hangs is left after this time.',
    ),
  connectTimeout: duration({ min: 10, max: 10 * MINUTE_MS })
    .prefault('5s')
    .describe('How long connecting may take, from the name to the end of the handshake.'),
  compression: z
    .enum(['none', 'deflate'])
    .prefault('none')
    .describe('Whether both directions are compressed; the source has to be configured alike.'),
  compressionLevel: z
    .int()
    .min(0)
    .max(9)
    .prefault(6)
    .describe('With deflate: 0 stores, 1 is fast, 9 is small.'),
  tls: clientTlsSchema
    .optional()
    .describe(
      'TLS, if the source has it. Together with deflate it interoperates with Flume 1.10 and later only, which compress what is encrypted.',
    ),
}

/** `batchSize` for clients of those who take requests of `events` by default. */
export function batchSizeField(events: number, hint: string) {
  return z
    .int()
    .min(1)
    .max(BATCH_SIZE_MAX)
    .prefault(events)
    .describe(`Most events of one request. ${hint}`)
}

/** Only then is `maxInFlight` the bound that it says it is. */
export function fitsInFlight(config: {
  readonly batchSize: number
  readonly maxInFlight: number
}): boolean {
  return config.batchSize <= config.maxInFlight
}

export const IN_FLIGHT_TOO_SMALL = {
  path: ['maxInFlight'],
  error: 'expected at least `batchSize`',
}
