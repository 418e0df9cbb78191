import { expect, test } from 'vitest'
import {
  ANNOTATIONS,
  API_VERSION,
  FINALIZER,
  FLUME_AGENTS,
  FLUME_FLOWS,
  LABELS,
  POOL_NAME,
} from './constants.ts'

test('both kinds are of the version that manifests have', () => {
  for (const { group, version } of [FLUME_AGENTS, FLUME_FLOWS])
    expect(`${group}/${version}`).toBe(API_VERSION)
})

test('labels, annotations and the finalizer are keys that Kubernetes takes', () => {
  const key = /^[a-z0-9.-]{1,253}\/[a-z][a-z-]{0,62}$/
  for (const each of [...Object.values(LABELS), ...Object.values(ANNOTATIONS), FINALIZER])
    expect(each).toMatch(key)
})

test.each([
  ['hub', true],
  ['a', true],
  ['a'.repeat(40), true],
  ['a'.repeat(41), false],
  ['1hub', false],
  ['hub-', false],
  ['a.b', false],
])('%s names a pool: %s', (name, expected) => {
  expect(new RegExp(POOL_NAME).test(name)).toBe(expected)
})
