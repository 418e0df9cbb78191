import { expect, test } from 'vitest'
import { z } from 'zod'
import { IN_FLIGHT_TOO_SMALL, batchSizeField, clientFields, fitsInFlight } from './client-config.ts'

const schema = z
  .strictObject({ batchSize: batchSizeField(100, 'A hint.'), ...clientFields })
  .refine(fitsInFlight, IN_FLIGHT_TOO_SMALL)

test('a peer that hangs is left after five seconds unless configured otherwise', () => {
  expect(schema.parse({})).toEqual({
    batchSize: 100,
    batchBytes: 2 ** 18,
    connections: 2,
    maxInFlight: 32_768,
    requestTimeout: 4000,
    connectTimeout: 5000,
    compression: 'none',
    compressionLevel: 6,
  })
})

test('the bound of what is in flight is not below one request: it could not be kept', () => {
  expect(schema.safeParse({ batchSize: 500, maxInFlight: 499 }).error?.issues).toMatchObject([
    { path: ['maxInFlight'], message: 'expected at least `batchSize`' },
  ])
  expect(schema.safeParse({ batchSize: 500, maxInFlight: 500 }).success).toBe(true)
})
