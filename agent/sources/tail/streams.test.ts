import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Position } from '../../core/batch.ts'
import { systemRandom } from '../../lib/random.ts'
import { Descriptor } from './descriptor.ts'
import { encodeMemo, fingerprintAt } from './fingerprint.ts'
import { DormantStreams } from './streams.ts'

let directory: string
let files: Descriptor[]
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'streams-'))
  files = []
})
afterEach(() => {
  for (const each of files) each.close()
  fs.rmSync(directory, { recursive: true })
})

function open(name: string, content?: string): Descriptor {
  const path = join(directory, name)
  if (content !== undefined) fs.writeFileSync(path, content)
  const file = new Descriptor(path)
  files.push(file)
  return file
}

function position(
  file: Descriptor,
  offset: number,
  changes: Record<string, unknown> = {},
): Position {
  const { identity } = file.facts()
  const fingerprint = fingerprintAt(file, offset)!
  const memo = JSON.parse(
    encodeMemo({ path: '/x', identity, fingerprint, rotated: false }),
  ) as object
  return { offset, routing: '', memo: JSON.stringify({ ...memo, ...changes }) }
}

const streams = (...all: (readonly [string, Position])[]): DormantStreams =>
  new DormantStreams('in', new Map(all.map(([name, each]) => [`tail/in/${name}`, each])))

test('names belong to the source and never come twice', () => {
  const some = streams()
  const names = Array.from({ length: 1000 }, () => some.newName(systemRandom))
  expect(new Set(names).size).toBe(1000)
  expect(names.every((name) => name.startsWith('tail/in/'))).toBe(true)
  expect(some.started).toBe(false)
  const marked = new DormantStreams(
    'in',
    new Map([[some.marker, { offset: 0, routing: '', memo: '{}' }]]),
  )
  expect(marked.started).toBe(true)
})

test('a stream is claimed once', () => {
  const file = open('a', 'one\ntwo\n')
  const some = streams(['s', position(file, 4)])
  expect(some.claim(file.facts(), file, 0)).toMatchObject({ stream: 'tail/in/s', offset: 4 })
  expect(some.claim(file.facts(), file, 0)).toBeUndefined()
})

test('an inode with another time of birth is another file, though it begins alike', () => {
  const file = open('a', 'one\ntwo\n')
  const some = streams(['s', position(file, 4, { born: '123' })])
  expect(some.claim(file.facts(), file, 0)).toBeUndefined()
  expect(some.truncated()).toEqual([])
})

test('where the file system knows no time of birth the content decides', () => {
  const file = open('a', 'one\ntwo\n')
  const some = streams(['s', position(file, 4, { born: '0' })])
  expect(some.claim(file.facts(), file, 0)?.stream).toBe('tail/in/s')
})

test('of two streams of an inode the one read furthest is claimed, not its predecessor', () => {
  const file = open('a', 'header\none\ntwo\n')
  const some = streams(['old', position(file, 7)], ['new', position(file, 11)])
  expect(some.claim(file.facts(), file, 0)?.stream).toBe('tail/in/new')
  // Its end was noticed in an earlier run: a new file with that header must not be taken for a copy.
  expect(some.truncated()).toEqual([])
  const other = open('b', 'header\nother\n')
  expect(some.claimCopy(other.facts(), other)).toBeUndefined()
})

test('a truncated stream is continued by the copy that has all its bytes, and by no other file', () => {
  const file = open('a', 'one\ntwo\nthree\n')
  const copy = open('b', 'one\ntwo\nthree\n')
  const shorter = open('c', 'one\n')
  const different = open('d', 'one\nTWO\nthree\n')
  const some = streams(['s', position(file, 8)])
  fs.writeFileSync(join(directory, 'a'), 'new\n')
  expect(some.claim(file.facts(), file, 0)).toBeUndefined()
  expect(some.truncated()).toHaveLength(1)
  for (const each of [shorter, different])
    expect(some.claimCopy(each.facts(), each)).toBeUndefined()
  expect(some.claimCopy(copy.facts(), copy)?.stream).toBe('tail/in/s')
  expect(some.truncated()).toEqual([])
})
