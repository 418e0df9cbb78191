import { expect, test } from 'vitest'
import { avroSourceSchema } from './config.ts'

const issues = (config: object) =>
  avroSourceSchema
    .safeParse({ port: 4141, ...config })
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)

test('a port is enough', () => {
  expect(avroSourceSchema.parse({ port: 4141 })).toEqual({
    bind: '0.0.0.0',
    port: 4141,
    compression: 'none',
    ipFilter: [],
    acknowledge: 'OnSafe',
    roomTimeout: 3000,
    maxFrameSize: 16 * 2 ** 20,
    maxBatchEvents: 100_000,
    maxInFlightSize: 64 * 2 ** 20,
    maxConnections: 1024,
    requestTimeout: 60_000,
  })
})

test('what is in flight holds at least one request', () => {
  expect(issues({ maxInFlightSize: '1Mi' })).toEqual([
    'maxInFlightSize: expected at least the maxFrameSize',
  ])
  expect(issues({ maxInFlightSize: '1Mi', maxFrameSize: '1Mi' })).toBeUndefined()
})

test('rules of the filter name an address or a host, and what to do', () => {
  const rule = (each: object) => issues({ ipFilter: [each] })
  expect(rule({ action: 'deny', ip: '10.0.0.0/8' })).toBeUndefined()
  expect(rule({ action: 'deny', name: '*.example' })).toBeUndefined()
  expect(rule({ action: 'homer', ip: '45.4.23.1' })![0]).toMatch(/^ipFilter\.0\.action/)
  expect(rule({ action: 'allow', sleeps: '45.4.23.1' })).toBeDefined()
  expect(rule({ action: 'allow' })).toEqual(['ipFilter.0: expected either ip or name'])
  expect(rule({ action: 'allow', ip: '*', name: '*' })).toHaveLength(1)
  expect(rule({ action: 'allow', ip: '10.0.0.0/40' })![0]).toContain('ipFilter.0.ip')
})

test('unknown keys are refused', () => {
  expect(issues({ threads: 4 })).toHaveLength(1)
})
