import { hostname } from 'node:os'
import { isIP } from 'node:net'
import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { batchOf, headerAt } from '../../core/batch.ts'
import { hostInterceptorSchema } from './config.ts'
import { addressOf, createInterceptor } from './interceptor.ts'

const events = batchOf([
  { body: Buffer.from('a'), headers: { host: 'x' } },
  { body: Buffer.from('b') },
])

describe('host interceptor', () => {
  it('writes the address by default and replaces what is there', () => {
    const result = createInterceptor(hostInterceptorSchema.parse({}))(events)
    expect(isIP(result.headers.common.get('host')!)).toBeGreaterThan(0)
  })

  it('writes the name when told to', () => {
    const result = createInterceptor(hostInterceptorSchema.parse({ useIP: false }))(events)
    expect(result.headers.common.get('host')).toBe(hostname())
  })

  it('keeps what is there when told to', () => {
    const config = hostInterceptorSchema.parse({ useIP: false, preserveExisting: true })
    const result = createInterceptor(config)(events)
    expect([headerAt(result, 0, 'host'), headerAt(result, 1, 'host')]).toEqual(['x', hostname()])
  })
})

describe('addressOf', () => {
  const address = (each: string, internal = false): NetworkInterfaceInfo =>
    ({
      address: each,
      family: each.includes(':') ? 'IPv6' : 'IPv4',
      internal,
      netmask: '',
      mac: '',
      cidr: null,
      ...(each.includes(':') ? { scopeid: 0 } : {}),
    }) as NetworkInterfaceInfo

  it('prefers IPv4 that others can reach', () => {
    const interfaces = {
      lo: [address('127.0.0.1', true)],
      eth0: [address('fe80::1'), address('fd00::7'), address('10.0.0.7')],
    }
    expect(addressOf(interfaces)).toBe('10.0.0.7')
  })

  it('takes IPv6 on a machine without IPv4, but no link-local address', () => {
    expect(addressOf({ eth0: [address('fe80::1'), address('fd00::7')] })).toBe('fd00::7')
  })

  it('falls back to the loopback address', () => {
    expect(addressOf({ lo: [address('::1', true)], gone: undefined })).toBe('127.0.0.1')
  })
})
