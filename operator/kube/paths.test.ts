import { expect, test } from 'vitest'
import { collectionPath, objectPath, tried, withQuery } from './paths.ts'
import { RESOURCES } from './resources.ts'

const hub = { namespace: 'logs', name: 'hub' }

test('the core group is below /api, others are below /apis', () => {
  expect(collectionPath(RESOURCES.pods)).toBe('/api/v1/pods')
  expect(collectionPath(RESOURCES.statefulSets, 'logs')).toBe(
    '/apis/apps/v1/namespaces/logs/statefulsets',
  )
})

test('an object is in its namespace, one of the cluster in none', () => {
  expect(objectPath(RESOURCES.pods, hub, 'status')).toBe('/api/v1/namespaces/logs/pods/hub/status')
  expect(objectPath(RESOURCES.namespaces, { name: 'logs' })).toBe('/api/v1/namespaces/logs')
  expect(() => objectPath(RESOURCES.pods, { name: 'hub' })).toThrow('Pod hub needs a namespace')
})

test('names cannot leave their place in the path', () => {
  expect(objectPath(RESOURCES.pods, { namespace: 'a/b', name: '../x?y' })).toBe(
    '/api/v1/namespaces/a%2Fb/pods/..%2Fx%3Fy',
  )
})

test('a query has what is defined', () => {
  expect(withQuery('/x', { a: 1, b: undefined, c: true, d: 'a=b,c' })).toBe(
    '/x?a=1&c=true&d=a%3Db%2Cc',
  )
  expect(withQuery('/x', { a: undefined })).toBe('/x')
})

test('messages name verb, kind, object and subresource', () => {
  expect(tried('apply', RESOURCES.statefulSets, hub)).toBe('apply StatefulSet logs/hub')
  expect(tried('patch', RESOURCES.pods, hub, 'status')).toBe('patch Pod logs/hub/status')
})
