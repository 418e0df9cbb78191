import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { until } from '../../test/cli/flume.ts'
import { FIVE_MISTAKES, seqToFile } from '../../test/cli/manifests.ts'
import { ManualClock } from '../../test/sim/clock.ts'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { FlumeError } from '../core/errors.ts'
import type { AgentPlan } from '../core/plan.ts'
import type { ReloadOutcome } from '../core/status.ts'
import { ManifestFiles } from './manifest-files.ts'
import { RETRY_MS, Reloader } from './reloader.ts'

let directory: string
let file: string
let applied: AgentPlan[]
let results: ReloadOutcome['result'][]
let log: RecordingLogger
let clock: ManualClock

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-reload-'))
  file = join(directory, 'flow.yaml')
  applied = []
  results = []
  log = new RecordingLogger()
  clock = new ManualClock()
  writeFileSync(file, seqToFile('/out'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const reloader = async (
  apply: (plan: AgentPlan) => Promise<void> = (plan) => {
    applied.push(plan)
    return Promise.resolve()
  },
): Promise<Reloader> => {
  const source = new ManifestFiles({ files: [file] })
  const { plan, ...loaded } = await source.load()
  const finished = (result: ReloadOutcome['result']): void => void results.push(result)
  return new Reloader({
    load: () => source.load(),
    initial: { ...loaded, plan: plan! },
    clock,
    log,
    apply: ({ plan: changed }) => apply(changed),
    finished,
  })
}

const outcomes = (count: number): Promise<true> =>
  until(`${count} outcomes`, () => (results.length === count ? true : undefined))

test('what did not change is not applied', async () => {
  const reloads = await reloader()
  reloads.request()
  await outcomes(1)
  expect(results).toEqual(['unchanged'])
  expect(applied).toEqual([])
})

test('mistakes are refused, logged message by message, and leave the hash as it was', async () => {
  const reloads = await reloader()
  const { hash } = reloads
  writeFileSync(file, FIVE_MISTAKES)
  reloads.request()
  await outcomes(1)
  expect(reloads.last).toMatchObject({ result: 'refused', at: '2026-01-01T00:00:00.000Z' })
  expect(reloads.last!.errors).toHaveLength(5)
  expect(reloads.hash).toBe(hash)
  const logged = log.lines.filter(({ message }) => message === 'configuration problem')
  expect(logged).toHaveLength(5)

  writeFileSync(file, seqToFile('/other'))
  reloads.request()
  await outcomes(2)
  expect(reloads.last).toMatchObject({ result: 'applied', errors: [] })
  expect(reloads.hash).not.toBe(hash)
  expect(applied).toHaveLength(1)
})

test('another agent in the files is refused: its plan would run on this data directory', async () => {
  const reloads = await reloader()
  writeFileSync(file, seqToFile('/out').replace('name: web', 'name: other'))
  reloads.request()
  await outcomes(1)
  expect(reloads.last!.errors[0]).toContain('FLM1306')
})

test('what cannot be applied is tried again by the next reload', async () => {
  let failures = 1
  const reloads = await reloader((plan) => {
    if (failures-- > 0) throw new FlumeError('FLM9001', 'no', { retryable: false })
    applied.push(plan)
    return Promise.resolve()
  })
  writeFileSync(file, seqToFile('/other'))
  reloads.request()
  await outcomes(1)
  expect(reloads.last).toMatchObject({ result: 'refused', errors: ['FLM9001 no'] })
  reloads.request()
  await outcomes(2)
  expect(results).toEqual(['refused', 'applied'])
})

test('requests during a reload are answered by one further one', async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  const reloads = await reloader(async (plan) => {
    applied.push(plan)
    await promise
  })
  writeFileSync(file, seqToFile('/other'))
  reloads.request()
  await until('the first', () => (applied.length === 1 ? true : undefined))
  for (let i = 0; i < 5; i++) reloads.request()
  resolve()
  await outcomes(2)
  expect(results).toEqual(['applied', 'unchanged'])
})

test('what cannot be applied for a while is tried again by itself', async () => {
  let failures = 1
  const reloads = await reloader((plan) => {
    if (failures-- > 0) throw new FlumeError('FLM5204', 'not empty', { retryable: true })
    applied.push(plan)
    return Promise.resolve()
  })
  writeFileSync(file, seqToFile('/other'))
  reloads.request()
  await outcomes(1)
  clock.advance(RETRY_MS)
  await outcomes(2)
  expect(results).toEqual(['refused', 'applied'])
  expect(clock.pending).toBe(0)
})
