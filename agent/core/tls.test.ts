import { expect, test } from 'vitest'
import { clientTlsSchema, serverTlsSchema } from './tls.ts'

const pair = { certificate: '/tls/tls.crt', key: '/tls/tls.key' }

test('a server needs a certificate and its key, and asks clients for nothing', () => {
  expect(serverTlsSchema.parse(pair)).toEqual({
    ...pair,
    clientAuth: 'none',
    minVersion: 'TLSv1.2',
  })
  expect(serverTlsSchema.safeParse({ key: pair.key }).success).toBe(false)
})

test('clients are asked for certificates only with authorities to trust', () => {
  const config = { ...pair, clientAuth: 'required' }
  expect(serverTlsSchema.safeParse(config).error!.issues[0]!.path).toEqual(['clientAuth'])
  expect(serverTlsSchema.safeParse({ ...config, clientCa: '/tls/ca.crt' }).success).toBe(true)
})

test('a client verifies fully, without a certificate of its own', () => {
  expect(clientTlsSchema.parse({})).toEqual({ verify: 'full', minVersion: 'TLSv1.2' })
})

test('a client has certificate and key or neither', () => {
  expect(clientTlsSchema.safeParse(pair).success).toBe(true)
  for (const name of ['certificate', 'key'] as const) {
    const result = clientTlsSchema.safeParse({ [name]: pair[name] })
    expect(result.error!.issues[0]!.path).toEqual([name])
  }
})
