import { expect, test } from 'vitest'
import { ENTRIES_MAX, annotationMap, labelMap, objectName } from './kubernetes-fields.ts'

test.each(['a', 'fast-disks', 'a.b-c.9', '0'])('%s is a name', (name) => {
  expect(objectName().safeParse(name).success).toBe(true)
})

test.each(['', '-a', 'a-', 'a..b', 'A', 'a_b', 'a/b', 'a'.repeat(254)])('%j is no name', (name) => {
  expect(objectName().safeParse(name).success).toBe(false)
})

test('labels have short values, annotations texts', () => {
  const label = (entries: object) => labelMap().safeParse(entries).success
  expect(label({ 'example.com/team': 'logs', tier: '' })).toBe(true)
  expect(label({ team: 'a b' })).toBe(false)
  expect(label({ 'a b': 'x' })).toBe(false)
  expect(label({ 'a/b/c': 'x' })).toBe(false)
  expect(annotationMap().safeParse({ note: 'a text, with "everything"\n' }).success).toBe(true)
  expect(annotationMap().safeParse({ 'no key': '' }).success).toBe(false)
})

test('both have a bound', () => {
  const entries = Object.fromEntries(
    Array.from({ length: ENTRIES_MAX + 1 }, (_, i) => [`k${i}`, '']),
  )
  for (const map of [labelMap(), annotationMap()])
    expect(map.safeParse(entries).error?.issues[0]?.message).toBe('expected at most 64 entries')
})
