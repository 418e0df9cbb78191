import { expect, test } from 'vitest'
import { Expectations, compareResourceVersions } from './expectations.ts'
import type { KubeObject } from './types.ts'

function object(name: string, version: string, more: object = {}): KubeObject {
  const metadata = {
    namespace: 'logs',
    name,
    uid: `uid-${name}`,
    resourceVersion: version,
    ...more,
  }
  return { apiVersion: 'v1', kind: 'Pod', metadata }
}

/** A cache in the hands of a test. */
class Cache {
  readonly type = { kind: 'Pod' }
  readonly objects = new Map<string, KubeObject>()
  version: string | undefined

  get(key: string): KubeObject | undefined {
    return this.objects.get(key)
  }

  resourceVersion(): string | undefined {
    return this.version
  }
}

test('a write is unmet until the cache is as far as its answer', () => {
  const cache = new Cache()
  const expectations = new Expectations()
  expectations.wrote('logs/hub', cache, object('a', '100'))
  expect(expectations.unmet('logs/hub')).toEqual(['Pod logs/a'])
  cache.version = '99'
  expect(expectations.unmet('logs/hub')).toEqual(['Pod logs/a'])
  expect(expectations.unmet('logs/other')).toEqual([])
  cache.version = '101'
  expect(expectations.unmet('logs/hub')).toEqual([])
})

test('of several writes to one object the last one counts', () => {
  const cache = new Cache()
  const expectations = new Expectations()
  expectations.wrote('s', cache, object('a', '100'))
  expectations.wrote('s', cache, object('a', '200'))
  cache.version = '150'
  expect(expectations.unmet('s')).toEqual(['Pod logs/a'])
})

test('a deletion is unmet while the cache shows the object as if nothing were', () => {
  const cache = new Cache()
  const expectations = new Expectations()
  const a = object('a', '100')
  cache.objects.set('logs/a', a)
  expectations.removed('s', cache, a)
  expect(expectations.unmet('s')).toEqual(['Pod logs/a'])
  for (const met of [
    undefined,
    object('a', '7', { uid: 'next' }),
    object('a', '8', { deletionTimestamp: 't' }),
  ]) {
    expectations.removed('s', cache, a)
    if (met === undefined) cache.objects.delete('logs/a')
    else cache.objects.set('logs/a', met)
    expect(expectations.unmet('s')).toEqual([])
  }
})

test('a scope that is forgotten expects nothing', () => {
  const expectations = new Expectations()
  expectations.wrote('s', new Cache(), object('a', '1'))
  expectations.forget('s')
  expect(expectations.unmet('s')).toEqual([])
})

test('versions are compared as numbers of any length', () => {
  expect(compareResourceVersions('9', '10')).toBeLessThan(0)
  expect(compareResourceVersions('100', '99')).toBeGreaterThan(0)
  expect(compareResourceVersions('12345678901234567890', '12345678901234567891')).toBeLessThan(0)
  expect(compareResourceVersions('7', '7')).toBe(0)
})
