import { expect, test } from 'vitest'
import { agent } from '../../test/operator/objects.ts'
import { ANNOTATIONS } from '../api/constants.ts'
import { identityOf, poolObject } from './objects.ts'

const pool = identityOf(agent('hub'))
const hashOf = (content: Record<string, unknown>, more = {}) =>
  poolObject(pool, { apiVersion: 'v1', kind: 'X', name: 'x', content, ...more }).metadata
    .annotations![ANNOTATIONS.desiredHash]

test('a field that is not asked for any more changes the hash', () => {
  expect(hashOf({ spec: { a: 1 } })).not.toBe(hashOf({ spec: { a: 1, b: 2 } }))
  expect(hashOf({ spec: {} })).not.toBe(hashOf({ spec: {} }, { labels: { a: 'b' } }))
  expect(hashOf({ spec: {} })).not.toBe(hashOf({ spec: {} }, { annotations: { a: 'b' } }))
})

test('what is taken from the live object does not', () => {
  expect(hashOf({ spec: 1 }, { asked: 0 })).toBe(hashOf({ spec: 2 }, { asked: 0 }))
})

test('labels of the pool win', () => {
  const made = poolObject(pool, {
    apiVersion: 'v1',
    kind: 'X',
    name: 'x',
    labels: { 'flume-operator.io/agent': 'other' },
    content: {},
  })
  expect(made.metadata.labels).toMatchObject({ 'flume-operator.io/agent': 'hub' })
})
