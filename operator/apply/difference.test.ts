import { expect, test } from 'vitest'
import * as fc from 'fast-check'
import { describeDifference, differences } from './difference.ts'

const paths = (desired: unknown, live: unknown) =>
  differences(desired, live).map(describeDifference)

test('what is in the live object alone does not count', () => {
  expect(paths({ spec: { a: 1 } }, { spec: { a: 1, b: 2 }, status: {} })).toEqual([])
  const containers = [{ name: 'agent', image: 'a' }]
  const live = [{ name: 'injected' }, { name: 'agent', image: 'a', terminationMessagePath: '/x' }]
  expect(paths({ containers }, { containers: live })).toEqual([])
})

test('each difference has its place', () => {
  const desired = {
    spec: {
      replicas: 2,
      containers: [{ name: 'agent', image: 'b', args: ['x', 'y'] }, { name: 'other' }],
      ports: [{ name: 'a', port: 1 }],
    },
    data: { key: 'v'.repeat(200) },
  }
  const live = {
    spec: {
      replicas: 1,
      containers: [{ name: 'agent', image: 'a', args: ['x'] }],
      ports: [{ name: 'a', port: 2, protocol: 'TCP' }],
    },
  }
  expect(paths(desired, live)).toEqual([
    'spec.replicas: 1 → 2',
    'spec.containers[agent].image: "a" → "b"',
    'spec.containers[agent].args: ["x"] → ["x","y"]',
    'spec.containers[other]: nothing → {"name":"other"}',
    'spec.ports[0].port: 2 → 1',
    `data: nothing → {"key":"${'v'.repeat(72)}…`,
  ])
})

test('nothing differs from itself', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(differences(value, structuredClone(value))).toEqual([])
    }),
  )
})
