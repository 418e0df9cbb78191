import { z } from 'zod'
import { componentName } from '../../core/schema.ts'
import type { Peer } from '../../rpc/avro/peers.ts'
import {
  IN_FLIGHT_TOO_SMALL,
  batchSizeField,
  clientFields,
  fitsInFlight,
} from '../../rpc/avro/client-config.ts'

/** What users write: the name of a pool; where its replicas are is found out for them. */
export const agentSinkSchema = z
  .strictObject({
    name: componentName.describe(
      'Name of the FlumeAgent that takes the events, with all its replicas.',
    ),
    source: z
      .string()
      .regex(/^[a-z0-9][-a-z0-9]{0,62}\/[a-z0-9][-a-z0-9]{0,62}$/, {
        error: 'expected FLOW/SOURCE, such as collect/in',
      })
      .meta({ maxLength: 127 })
      .optional()
      .describe(
        'Which Avro source of that agent, as FLOW/SOURCE. Needed only where it has several.',
      ),
    batchSize: batchSizeField(8192, 'More per request cost less.'),
    ...clientFields,
  })
  .refine(fitsInFlight, IN_FLIGHT_TOO_SMALL)

export type AgentSinkConfig = z.output<typeof agentSinkSchema>

/**
 * What is in the plan, put there by compile: `endpoints` are the addresses of all replicas, `HOST:PORT`;
 * `service` has the name that resolves to them, as in a cluster.
 */
export type ResolvedAgentSinkConfig = AgentSinkConfig & {
  readonly endpoints?: readonly string[]
  readonly service?: Peer
}
