import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Logger } from '../../core/logger.ts'
import { systemClock } from '../../lib/clock.ts'
import { systemRandom } from '../../lib/random.ts'
import { Arrivals } from './arrivals.ts'
import { FileSet } from './file-set.ts'
import { OpenFiles } from './open-files.ts'
import { FilePatterns } from './patterns.ts'
import { DormantStreams } from './streams.ts'

let directory: string
let openFiles: OpenFiles
let warnings: string[]
beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'file-set-'))
  openFiles = new OpenFiles(10)
  warnings = []
})
afterEach(() => {
  openFiles.closeAll()
  fs.rmSync(directory, { recursive: true })
})

function fileSet(): FileSet {
  const log: Logger = {
    debug() {},
    info() {},
    warn: (_, message) => warnings.push(message),
    error() {},
    child: () => log,
  }
  const [clock, random] = [systemClock, systemRandom]
  const streams = new DormantStreams('in', new Map())
  const headersOf = () => new Map<string, string>()
  const options = { clock, log, streams, openFiles }
  return new FileSet({
    ...options,
    arrivals: new Arrivals({
      ...options,
      random,
      headersOf,
      startAt: 'beginning',
      onPosition() {},
    }),
    patterns: new FilePatterns({
      groups: [{ name: '', headers: {}, files: [join(directory, '*')] }],
      exclude: [],
    }),
    newName: () => streams.newName(random),
    filesMax: 10,
    idleCloseMs: 60_000,
    rotatedQuietMs: 0,
  })
}

const append = (name: string, text: string): void => fs.appendFileSync(join(directory, name), text)

test('files with something to read take turns', async () => {
  append('a', '1\n')
  append('b', '2\n')
  const files = fileSet()
  await files.scan()
  const a = files.next()!
  files.queue(a)
  const turns = [files.next(), files.next(), files.next()].map((file) => file?.path)
  expect(turns).toEqual([join(directory, 'b'), join(directory, 'a'), undefined])
})

test('a poll sees what grew in files that grew before', async () => {
  append('a', '')
  const files = fileSet()
  await files.scan()
  expect(files.hasHot).toBe(false)
  append('a', '1\n')
  await files.scan()
  expect(files.hasHot).toBe(true)
  const file = files.next()!
  append('a', '2\n')
  files.poll()
  expect(file.size).toBe(4)
  expect(files.hasReady).toBe(true)
})

test('a failure of a file is told once, as long as it is the same, and stays with the file', async () => {
  append('a', '1\n')
  const files = fileSet()
  await files.scan()
  const file = files.next()!
  const error = Object.assign(new Error('bad sector'), { code: 'EIO' })
  files.failed(file, error)
  files.failed(file, error)
  expect(file.problem).toBe('EIO')
  expect(warnings).toHaveLength(1)
  append('a', '2\n')
  await files.scan()
  expect(file.problem).toBeUndefined()
})

test('what was read and is gone from the file makes a new stream from the start', async () => {
  append('a', '1\n2\n')
  const files = fileSet()
  await files.scan()
  const file = files.next()!
  const stream = file.stream
  files.truncated(file)
  expect(file).toMatchObject({ offset: 0, decided: false })
  expect(file.stream).not.toBe(stream)
  await files.scan()
  expect(files.next()).toBe(file)
})
