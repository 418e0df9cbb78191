import { expect, test } from 'vitest'
import { parseOptions } from './options.ts'

test('without options everything has a default', () => {
  expect(parseOptions([], '1.2.3')).toEqual({
    namespaces: undefined,
    image: 'flume-operator:1.2.3',
    leaderElect: false,
    leaseNamespace: undefined,
    leaseSeconds: 15,
    metrics: { host: '0.0.0.0', port: 8080 },
    health: { host: '0.0.0.0', port: 8081 },
    logLevel: 'info',
    maxConcurrent: 4,
  })
})

test('each option is read', () => {
  const args =
    '--namespaces=a,b,a --image x --leader-elect --lease-namespace=ns --lease-seconds=3 --metrics [::]:1 --health h:2 --log-level=debug --max-concurrent=8'
  expect(parseOptions(args.split(' '), '1')).toEqual({
    namespaces: ['a', 'b'],
    image: 'x',
    leaderElect: true,
    leaseNamespace: 'ns',
    leaseSeconds: 3,
    metrics: { host: '::', port: 1 },
    health: { host: 'h', port: 2 },
    logLevel: 'debug',
    maxConcurrent: 8,
  })
})

test.each([
  '--namespaces=A',
  '--metrics=8080',
  '--health=h:70000',
  '--max-concurrent=0',
  '--lease-seconds=2',
  '--log-level=x',
  '--what',
  'more',
])('%s is a mistake', (arg) => {
  expect(parseOptions([arg], '1')).toMatchObject({
    exitCode: 2,
    text: expect.stringContaining('error:'),
  })
})

test('help and version are no mistakes', () => {
  expect(parseOptions(['--help'], '1')).toMatchObject({
    exitCode: 0,
    text: expect.stringContaining('Usage:'),
  })
  expect(parseOptions(['--version'], '1.2.3')).toEqual({ exitCode: 0, text: '1.2.3\n' })
})
