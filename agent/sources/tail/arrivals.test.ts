import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Logger } from '../../core/logger.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Arrivals, dormantOf } from './arrivals.ts'
import { Descriptor, factsAt } from './descriptor.ts'
import { fingerprintAt } from './fingerprint.ts'
import { OpenFiles } from './open-files.ts'
import { DormantStreams } from './streams.ts'
import type { TailedFile } from './tailed-file.ts'

const group = { name: '', headers: {} }
const log: Logger = { debug() {}, info() {}, warn() {}, error() {}, child: () => log }
let directory: string
let openFiles: OpenFiles
let stored: TailedFile[]
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'arrivals-'))
  openFiles = new OpenFiles(10)
  stored = []
})
afterEach(() => {
  openFiles.closeAll()
  fs.rmSync(directory, { recursive: true })
})

function arrivals(
  streams = new DormantStreams('in', new Map()),
  startAt: 'beginning' | 'end' = 'beginning',
) {
  return new Arrivals({
    clock: systemClock,
    random: systemRandom,
    log,
    startAt,
    streams,
    openFiles,
    headersOf: () => new Map(),
    onPosition: (file) => stored.push(file),
  })
}

function write(name: string, text: string): string {
  fs.writeFileSync(join(directory, name), text)
  return join(directory, name)
}

/** Streams with one that read `offset` bytes of the file at `path`. */
function streamsOf(path: string, offset: number): DormantStreams {
  const streams = new DormantStreams('in', new Map())
  const file = arrivals(streams).meet(path, group, 1)!
  const descriptor = new Descriptor(path)
  file.resume('tail/in/known', offset, fingerprintAt(descriptor, offset)!)
  descriptor.close()
  openFiles.close(file)
  streams.add(dormantOf(file))
  return streams
}

test('a known file is resumed, and counts as rotated under another name', () => {
  const path = write('a', 'one\ntwo\n')
  const streams = streamsOf(path, 4)
  fs.renameSync(path, join(directory, 'a.1'))
  const file = arrivals(streams).meet(join(directory, 'a.1'), group, 1)
  expect(file).toMatchObject({ stream: 'tail/in/known', offset: 4, decided: true, rotated: true })
})

test('a name that is gone meanwhile is no file', () => {
  expect(arrivals().meet(join(directory, 'gone'), group, 1)).toBeUndefined()
})

test('an empty file stays undecided: nobody knows what will be in it', () => {
  const one = arrivals()
  const file = one.meet(write('a', ''), group, 2)!
  one.decide(file, [], 2)
  expect(file.decided).toBe(false)
  file.observe(factsAt(write('a', 'x\n'))!, 1)
  one.decide(file, [], 3)
  expect(file.decided).toBe(true)
})

test('the end of a file is the start of its last line, and the position is stored at once', () => {
  const file = arrivals(undefined, 'end').meet(write('a', 'one\ntw'), group, 1)!
  expect(file.offset).toBe(4)
  expect(stored).toEqual([file])
  expect(arrivals(undefined, 'end').meet(write('b', 'one\n'), group, 2)!.offset).toBe(0)
})

test('a file that was renamed out of sight is found by its inode while it has something unread', () => {
  const path = write('a', 'one\ntwo\n')
  const groupOf = (each: string) => (each === path ? group : undefined)
  const unread = streamsOf(path, 4)
  fs.renameSync(path, join(directory, 'elsewhere'))
  const found = arrivals(unread).findMoved(groupOf, () => false)
  expect(found).toMatchObject([{ gone: 'moved', offset: 4, path: join(directory, 'elsewhere') }])
  expect(arrivals(unread).findMoved(groupOf, () => true)).toEqual([])
  fs.renameSync(join(directory, 'elsewhere'), path)
  const read = streamsOf(path, 8)
  fs.renameSync(path, join(directory, 'elsewhere'))
  expect(arrivals(read).findMoved(groupOf, () => false)).toEqual([])
  expect(read.all()).toHaveLength(1)
})
