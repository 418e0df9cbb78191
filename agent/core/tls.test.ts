import { expect, test } from 'vitest'
import { clientTlsSchema, serverTlsSchema, withClientSecrets, withServerSecrets } from './tls.ts'

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

test('a Secret takes the place of files, and neither stands beside the other', () => {
  const secretRef = { name: 'web-tls' }
  expect(serverTlsSchema.safeParse({ secretRef, clientAuth: 'required' }).success).toBe(true)
  for (const name of ['certificate', 'key', 'passphraseFile', 'clientCa']) {
    const result = serverTlsSchema.safeParse({ secretRef, [name]: '/tls/file' })
    expect(result.error!.issues[0]!.path).toEqual([name])
  }
  const client = { caSecretRef: secretRef, certificateSecretRef: secretRef }
  expect(clientTlsSchema.safeParse(client).success).toBe(true)
  for (const name of ['ca', 'certificate', 'key', 'passphraseFile']) {
    const result = clientTlsSchema.safeParse({ ...client, [name]: '/tls/file' })
    expect(result.error!.issues[0]!.path).toEqual([name])
  }
})

test('the name of a Secret cannot leave its directory', () => {
  for (const name of ['', '.', '..', '../x', 'a/b', 'A', 'a_b', '-a', 'x'.repeat(254)])
    expect(serverTlsSchema.safeParse({ secretRef: { name } }).success).toBe(false)
  expect(serverTlsSchema.safeParse({ secretRef: { name: 'web.tls-2' } }).success).toBe(true)
})

test('files stand in for Secrets where these are known', () => {
  const fileOf = (secret: string, key: string): string => `/s/${secret}/${key}`
  const secretRef = { name: 'web' }
  const server = serverTlsSchema.parse({ secretRef })
  const files = { certificate: '/s/web/tls.crt', key: '/s/web/tls.key' }
  const rest = { clientAuth: 'none', minVersion: 'TLSv1.2' }
  expect(withServerSecrets({ tls: server }, fileOf)).toEqual({ tls: { ...rest, ...files } })
  const asks = serverTlsSchema.parse({ secretRef, clientAuth: 'optional' })
  expect(withServerSecrets({ tls: asks }, fileOf).tls.clientCa).toBe('/s/web/ca.crt')
  const client = clientTlsSchema.parse({ caSecretRef: secretRef, certificateSecretRef: secretRef })
  expect(withClientSecrets({ tls: client }, fileOf)).toEqual({
    tls: { verify: 'full', minVersion: 'TLSv1.2', ca: '/s/web/ca.crt', ...files },
  })
  for (const config of [{}, { tls: clientTlsSchema.parse({ ca: '/ca.crt' }) }])
    expect(withClientSecrets(config, fileOf)).toBe(config)
})
