import { expect, test } from 'vitest'
import { RESOURCES } from './resources.ts'

test('every kind is served below its own path, once', () => {
  const types = Object.values(RESOURCES)
  const paths = types.map(({ group, version, plural }) => `${group}/${version}/${plural}`)
  expect(new Set(paths).size).toBe(types.length)
  for (const { plural } of types) expect(plural).toBe(plural.toLowerCase())
  for (const { kind } of types) expect(kind).toMatch(/^[A-Z]/)
})
