import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AccessLog, accessLine } from './access-log.ts'
import { Deliveries } from './deliveries.ts'
import { compare } from './lines.ts'
import { manifestFolder } from './manifests.ts'
import { isPassed } from './report.ts'
import type { Outcome } from './report.ts'
import { Screen, grouped, seconds } from './screen.ts'

let input: string
let output: string
let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-quickstart-'))
  input = join(directory, 'in')
  output = join(directory, 'out')
  mkdirSync(input)
  mkdirSync(output)
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('an access line looks like one and carries its number', () => {
  const line = accessLine(42, new Date('2026-11-22T17:20:11Z'))
  expect(line).toMatch(
    /^203\.0\.113\.\d+ - - \[22\/Nov\/2026:17:20:11 \+0000\] "GET \S+ HTTP\/1\.1" \d{3} \d+ "-" ".+" id=00000042\n$/,
  )
})

test('rotation renames the files that are there and starts a new one', () => {
  const log = new AccessLog(input)
  log.rotate()
  log.rotate()
  log.stop()
  log.stop()
  expect(readdirSync(input)).toEqual(['access.log', 'access.log.1', 'access.log.2'])
})

test('lines are compared byte by byte, over all files', () => {
  writeFileSync(join(input, 'a.1'), 'one\ntwo\n')
  writeFileSync(join(input, 'a'), 'three\nfour\n')
  writeFileSync(join(output, '1'), 'four\none\n')
  writeFileSync(join(output, '2'), 'one\nthre')
  expect(compare(input, output)).toEqual({
    written: 4,
    delivered: 4,
    lost: 2,
    duplicates: 1,
    strangers: 1,
  })
})

test('deliveries are found line by line as files grow, shrink and go', () => {
  const lines = (ids: readonly number[]): string =>
    ids.map((id) => accessLine(id, new Date(0))).join('')
  const deliveries = new Deliveries(output)
  writeFileSync(join(output, 'a'), lines([0, 1, 3]) + lines([4]).slice(0, -5))
  deliveries.look()
  expect([deliveries.lines, deliveries.firstMissing]).toEqual([3, 2])
  writeFileSync(join(output, 'a'), lines([0, 1]))
  writeFileSync(join(output, 'b'), lines([2, 3, 4]))
  deliveries.look()
  appendFileSync(join(output, 'b'), lines([2, 5]))
  rmSync(join(output, 'a'))
  deliveries.look()
  expect([deliveries.lines, deliveries.firstMissing]).toEqual([6, 6])
})

test('repeated lines are allowed up to what was under way; nothing else is', () => {
  const times = { failOverMs: 1, longestWaitMs: 1, recoveryMs: 1 }
  const lines = { written: 9, delivered: 15, lost: 0, duplicates: 6, strangers: 0 }
  const outcome: Outcome = {
    lines,
    faults: 3,
    linesInFlightMax: 2,
    killed: times,
    frozen: times,
    edgeRecoveryMs: 1,
    leftProcesses: [],
  }
  expect(isPassed(outcome)).toBe(true)
  expect(isPassed({ ...outcome, lines: { ...lines, duplicates: 7 } })).toBe(false)
  expect(isPassed({ ...outcome, lines: { ...lines, lost: 1 } })).toBe(false)
  expect(isPassed({ ...outcome, lines: { ...lines, strangers: 1 } })).toBe(false)
  expect(isPassed({ ...outcome, leftProcesses: [1] })).toBe(false)
})

test('the table names the time-out of the manifest', () => {
  const manifest = readFileSync(join(import.meta.dirname, 'edge.yaml'), 'utf8')
  const table = readFileSync(join(import.meta.dirname, 'report.ts'), 'utf8')
  const timeout = /requestTimeout: \w+/.exec(manifest)![0]
  expect(table).toContain(timeout)
})

test('without the port of the manifest, copies leave the choice to flume up', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => {
    server.once('error', () => resolve()).listen(4141, '0.0.0.0', resolve)
  })
  try {
    const folder = await manifestFolder(directory)
    expect(folder).toBe(join(directory, 'manifests'))
    expect(readdirSync(folder)).toEqual(['edge.yaml', 'hub.yaml'])
    expect(readFileSync(join(folder, 'hub.yaml'), 'utf8')).toContain('avro: { port: 0 }')
  } finally {
    server.close()
  }
})

test('a terminal gets one line that moves, a file gets a line now and then', () => {
  let text = ''
  const write = (part: string): void => {
    text += part
  }
  const terminal = new Screen({ write, terminal: true, colour: true })
  terminal.status('a', 0)
  terminal.status('b', 1)
  terminal.line(terminal.good('done'))
  expect(text).toBe('\r\u001B[2Ka\r\u001B[2Kb\r\u001B[2K\u001B[32mdone\u001B[0m\n')
  text = ''
  const narrow = new Screen({ write, terminal: true, colour: true, columns: () => 8 })
  narrow.status(narrow.good('1234567'), 0)
  narrow.status(narrow.good('12345678'), 1)
  expect(text).toBe('\r\u001B[2K\u001B[32m1234567\u001B[0m\r\u001B[2K1234567')
  text = ''
  const plain = new Screen({ write, terminal: false, colour: false })
  for (let ms = 0; ms < 4000; ms += 100) plain.status(`at ${ms}`, ms)
  plain.line(plain.good('done'))
  expect(text).toBe('at 0\nat 2000\ndone\n')
})

test('numbers are grouped and durations short', () => {
  expect([0, 999, 1000, 1234567].map(grouped)).toEqual(['0', '999', '1,000', '1,234,567'])
  expect([40, 999, 1234].map(seconds)).toEqual(['0.04 s', '1.00 s', '1.2 s'])
})

test('the work folder is not put under version control', () => {
  const ignored = readFileSync(join(import.meta.dirname, '..', '..', '.gitignore'), 'utf8')
  expect(ignored.split('\n')).toContain('flume-quickstart/')
})
