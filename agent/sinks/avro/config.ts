import { z } from 'zod'
import {
  IN_FLIGHT_TOO_SMALL,
  batchSizeField,
  clientFields,
  fitsInFlight,
} from '../../rpc/avro/client-config.ts'

export const avroSinkSchema = z
  .strictObject({
    host: z
      .string()
      .min(1)
      .max(253)
      .describe(
        'Name or address of the host with the Avro source. All addresses of a name are tried.',
      ),
    port: z.int().min(1).max(65_535).describe('Port of the Avro source.'),
    batchSize: batchSizeField(
      100,
      'A real Flume refuses, for ever, more than the transactionCapacity of its channel: 100 unless configured.',
    ),
    ...clientFields,
  })
  .refine(fitsInFlight, IN_FLIGHT_TOO_SMALL)

export type AvroSinkConfig = z.output<typeof avroSinkSchema>
