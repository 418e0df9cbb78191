import { existsSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Workbench, until } from '../../test/cli/flume.ts'
import { seqToFile } from '../../test/cli/manifests.ts'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { systemClock } from '../lib/clock.ts'
import { nodeDisk } from '../lib/disk.ts'
import { systemRandom } from '../lib/random.ts'
import { ManifestFiles } from './manifest-files.ts'
import type { ManifestFilesOptions } from './manifest-files.ts'
import { runAgent } from './run.ts'
import type { RunOptions } from './run.ts'

let bench: Workbench
let log: RecordingLogger
let stop: AbortController

beforeEach(() => {
  bench = new Workbench()
  log = new RecordingLogger()
  stop = new AbortController()
  writeFileSync(bench.path('flow.yaml'), seqToFile(bench.path('out')))
})

afterEach(() => bench.clean())

const manifests = (options: Partial<ManifestFilesOptions> = {}): ManifestFiles =>
  new ManifestFiles({ files: [bench.path('flow.yaml')], ...options })

const run = (options: Partial<RunOptions> = {}): Promise<number> =>
  runAgent({
    source: manifests(),
    dataDir: bench.path('data'),
    adminAddress: '127.0.0.1:0',
    shutdownMs: 5_000,
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
    log,
    signal: stop.signal,
    ...options,
  })

const logged = (message: string): Promise<object> =>
  until(message, () => log.lines.find((line) => line.message === message)?.fields)

test('it runs until the signal and resolves to 0; the ordinal is part of the directory', async () => {
  const running = run({ ordinal: 3 })
  await logged('agent started')
  expect(existsSync(bench.path('data', 'web-3', 'admin.json'))).toBe(true)
  stop.abort()
  expect(await running).toBe(0)
  expect(log.lines.at(-1)).toMatchObject({ message: 'agent stopped' })
})

test('a signal that came before ends it as well', async () => {
  stop.abort()
  expect(await run()).toBe(0)
})

test('a data directory that cannot be made is FLM9103 with the cure, exit code 1', async () => {
  writeFileSync(bench.path('file'), '')
  expect(await run({ dataDir: bench.path('file') })).toBe(1)
  expect(log.lines.at(-1)).toMatchObject({ fields: { error: { code: 'FLM9103' } } })
})

test('an admin address that is none is FLM9102, exit code 1', async () => {
  expect(await run({ adminAddress: 'nonsense' })).toBe(1)
  expect(log.lines.at(-1)).toMatchObject({ fields: { error: { code: 'FLM9102' } } })
})

test('an agent that the input does not define is a usage error', async () => {
  expect(await run({ source: manifests({ agent: 'other' }) })).toBe(2)
  expect(existsSync(bench.path('data'))).toBe(false)
})

test('hooks reload it and count its crashes', async () => {
  const calls: { reload?: () => void; crash?: (flow: string | undefined) => void } = {}
  const running = run({
    hooks: {
      onReload: (reload) => (calls.reload = reload),
      onCrash: (note) => (calls.crash = note),
    },
  })
  await logged('agent started')
  calls.reload!()
  expect(await logged('configuration reloaded')).toMatchObject({ result: 'unchanged' })
  calls.crash!('web')
  expect(bench.read('data', 'web-0', 'crashes.json')).toContain('"flow":"web"')
  stop.abort()
  await running
})
