import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bodyAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { FlumeError } from '../../core/errors.ts'
import type { Logger } from '../../core/logger.ts'
import { receipt } from '../../core/receipt.ts'
import type { Source } from '../../core/source.ts'
import { systemClock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { tailSourceSchema } from './config.ts'
import { createSource } from './source.ts'

let directory: string
let source: Source
let delivered: string[]
let failures: FlumeError[]
/** What happens to each emitted batch. */
let accept: (batch: Batch) => Promise<void>

beforeEach(() => {
  directory = fs.mkdtempSync(join(tmpdir(), 'tail-source-'))
  delivered = []
  failures = []
  accept = () => Promise.resolve()
})
afterEach(async () => {
  await source.stop()
  fs.rmSync(directory, { recursive: true })
})

const log: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => log,
}

async function start(config: Record<string, unknown> = {}): Promise<void> {
  source = createSource(
    tailSourceSchema.parse({
      files: [join(directory, '*.log')],
      scanInterval: '20ms',
      pollInterval: '5ms',
      ...config,
    }),
  )
  await source.start({
    name: 'in',
    flow: 'f',
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log,
    positions: () => new Map(),
    fail: (error) => failures.push(error),
    dropped: () => {},
    eventBytesMax: 2 ** 20,
    emit(batch) {
      const accepted = accept(batch)
      for (let i = 0; i < batch.count; i++) delivered.push(bodyAt(batch, i).toString())
      return receipt(accepted, accepted)
    },
  })
}

const write = (name: string, text: string): void => fs.appendFileSync(join(directory, name), text)
const until = (condition: () => boolean) => expect.poll(condition, { timeout: 10_000, interval: 2 })

test('lines, new files and a rotation are noticed without being told', async () => {
  await start({ files: [join(directory, 'a.log')] })
  write('a.log', 'one\n')
  await until(() => delivered.length === 1).toBe(true)
  write('a.log', 'two\n')
  fs.renameSync(join(directory, 'a.log'), join(directory, 'a.old'))
  write('a.log', 'three\n')
  await until(() => delivered.length === 3).toBe(true)
  expect(delivered.toSorted()).toEqual(['one', 'three', 'two'])
})

test('a channel that takes nothing holds the source at eight batches; files are still opened', async () => {
  const gate = Promise.withResolvers<void>()
  accept = () => gate.promise
  const lines = Array.from({ length: 20_000 }, (_, i) => `line ${i}`)
  write('a.log', lines.map((line) => `${line}\n`).join(''))
  await start({ readSize: '4Ki' })
  await until(() => source.status!()['batchesInFlight'] === 8).toBe(true)
  const held = delivered.length
  write('b.log', 'while full\n')
  await until(() => source.status!()['files'] === 2).toBe(true)
  // It is open already, so that nothing is lost although it is deleted before it is read.
  fs.unlinkSync(join(directory, 'b.log'))
  expect(delivered.length).toBe(held)
  gate.resolve()
  await until(() => delivered.length === 20_001).toBe(true)
  expect(delivered.filter((line) => line !== 'while full')).toEqual(lines)
})

test('no batch comes after the stop, and stopping twice or before the start is harmless', async () => {
  write('a.log', 'one\n')
  await start()
  await until(() => delivered.length === 1).toBe(true)
  await Promise.all([source.stop(), source.stop()])
  write('a.log', 'two\n')
  expect(source.status!()['openFiles']).toBe(0)
  expect(delivered).toEqual(['one'])
  const unstarted = createSource(tailSourceSchema.parse({ files: ['/nowhere'] }))
  await unstarted.stop()
})

test('a deleted file with more to read than the channel takes does not keep the stop waiting for ever', async () => {
  accept = () => new Promise(() => {})
  write('a.log', 'some line\n'.repeat(20_000))
  await start({ readSize: '4Ki' })
  await until(() => source.status!()['batchesInFlight'] === 8).toBe(true)
  fs.unlinkSync(join(directory, 'a.log'))
  await source.stop()
  expect(source.status!()['openFiles']).toBe(0)
})

const refuse = (code: 'FLM2203' | 'FLM2204') => () =>
  Promise.reject(new FlumeError(code, 'refused', { retryable: false }))

test('a batch that can never be taken fails the source, and no later line passes it', async () => {
  accept = refuse('FLM2203')
  write('a.log', 'some line\n'.repeat(20_000))
  await start({ readSize: '4Ki' })
  await until(() => failures.length === 1).toBe(true)
  const emitted = delivered.length
  expect(failures[0]).toMatchObject({ code: 'FLM2203', retryable: false })
  expect(failures[0]!.message).toContain('source in')
  await source.stop()
  expect(emitted).toBeLessThan(20_000)
  expect(delivered.length).toBe(emitted)
})

test('a channel that closes halts the source, which is no failure of it', async () => {
  accept = refuse('FLM2204')
  write('a.log', 'some line\n'.repeat(20_000))
  await start({ readSize: '4Ki' })
  await until(() => delivered.length > 0 && source.status!()['batchesInFlight'] === 0).toBe(true)
  await source.stop()
  expect(delivered.length).toBeLessThan(20_000)
  expect(failures).toEqual([])
})

test('buffers of emitted batches are never written again', async () => {
  const kept: { readonly batch: Batch; readonly text: string }[] = []
  accept = (batch) => {
    kept.push({ batch, text: batch.bodies.toString('latin1') })
    return Promise.resolve()
  }
  await start({ readSize: '4Ki' })
  for (let i = 0; i < 20; i++) {
    write('a.log', `line ${i} ${'x'.repeat(50)}\n`.repeat(100))
    await until(() => delivered.length === (i + 1) * 100).toBe(true)
  }
  expect(kept.every(({ batch, text }) => batch.bodies.toString('latin1') === text)).toBe(true)
})
