import { expect, test } from 'vitest'
import { formatAddress, parseAddress, reachable } from './address.ts'

test('an address is a host and a port', () => {
  expect(parseAddress('127.0.0.1:8081')).toEqual({ host: '127.0.0.1', port: 8081 })
  expect(parseAddress('localhost:0')).toEqual({ host: 'localhost', port: 0 })
  expect(parseAddress('[::1]:8081')).toEqual({ host: '::1', port: 8081 })
  expect(parseAddress(':8081')).toEqual({ host: '::', port: 8081 })
})

test('a client on this machine reaches what listens everywhere', () => {
  for (const host of ['::', '0.0.0.0'])
    expect(reachable({ host, port: 1 })).toEqual({ host: '127.0.0.1', port: 1 })
  expect(reachable({ host: '::1', port: 1 })).toEqual({ host: '::1', port: 1 })
})

test('what is no address is refused', () => {
  for (const text of ['', '8081', 'host', 'host:', 'host:65536', '::1:80', 'a b:1', 'http://x:1']) {
    expect(parseAddress(text), text).toBeUndefined()
  }
})

test('an address is written as it is read', () => {
  for (const text of ['127.0.0.1:8081', '[::1]:8081']) {
    expect(formatAddress(parseAddress(text)!)).toBe(text)
  }
})
