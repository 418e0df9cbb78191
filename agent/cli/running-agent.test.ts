import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Workbench, until } from '../../test/cli/flume.ts'
import { seqToFile, stuck } from '../../test/cli/manifests.ts'
import { deliveredFlow, filesOf } from '../../test/config/delivered-flows.ts'
import { MountedVolume } from '../../test/config/mounted.ts'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { systemClock } from '../lib/clock.ts'
import type { Clock } from '../lib/clock.ts'
import { nodeDisk } from '../lib/disk.ts'
import { systemRandom } from '../lib/random.ts'
import { DeliveredDirectory } from './delivered-directory.ts'
import { ManifestFiles } from './manifest-files.ts'
import { RunningAgent } from './running-agent.ts'

let bench: Workbench
let agent: RunningAgent | undefined

beforeEach(() => {
  bench = new Workbench()
  mkdirSync(bench.path('data'))
})

afterEach(async () => {
  await agent?.stop(0)
  await bench.clean()
})

const delivering = async (volume: MountedVolume): Promise<RunningAgent> => {
  const source = new DeliveredDirectory(volume.directory, { agent: 'hub' })
  const { plan, ...loaded } = await source.load()
  agent = new RunningAgent({
    source,
    initial: { ...loaded, plan: plan! },
    ordinal: 2,
    directory: bench.path('data'),
    disk: nodeDisk,
    clock: systemClock,
    random: systemRandom,
    log: new RecordingLogger(),
  })
  await agent.start()
  return agent
}

const agentOf = async (manifest: string, clock: Clock = systemClock): Promise<RunningAgent> => {
  const file = bench.path('flow.yaml')
  writeFileSync(file, manifest)
  const source = new ManifestFiles({ files: [file] })
  const { plan, ...loaded } = await source.load()
  agent = new RunningAgent({
    source,
    initial: { ...loaded, plan: plan! },
    ordinal: 0,
    directory: bench.path('data'),
    disk: nodeDisk,
    clock,
    random: systemRandom,
    log: new RecordingLogger(),
  })
  return agent
}

/** The system's clock, whose long timers the test ends. */
class HurriedClock implements Clock {
  readonly long: (() => void)[] = []
  now = (): number => systemClock.now()
  monotonic = (): number => systemClock.monotonic()

  schedule(run: () => void, delayMs: number) {
    if (delayMs < 60_000) return systemClock.schedule(run, delayMs)
    this.long.push(run)
    return { clear: () => {} }
  }
}

test('it is ready when its flow runs, and shows what it runs', async () => {
  const started = await agentOf(seqToFile(bench.path('out')))
  expect(started.ready()).toBe(false)
  await started.start()
  await until('readiness', () => (started.ready() ? true : undefined))
  expect(started.live()).toBe(true)
  expect(started.status()).toMatchObject({ agent: 'web', state: 'running', lastReload: undefined })
  const { contentType, text } = await started.metrics()
  expect(contentType).toContain('text/plain')
  expect(text).toContain('flume_config_last_reload_success 1')
})

test('it is ready while its flow takes events, though its sink fails', async () => {
  writeFileSync(bench.path('file'), '')
  const started = await agentOf(stuck(bench.path('file')))
  await started.start()
  await until('the failure', () =>
    started.status().flows[0]?.state === 'failing' ? true : undefined,
  )
  expect(started.ready()).toBe(true)
  expect(started.live()).toBe(true)
})

test('a flow that crashed the agent too often is held back until its time is up', async () => {
  const crashes = [1, 2, 3].map(() => ({ at: Date.now(), flow: 'web' }))
  writeFileSync(bench.path('data', 'crashes.json'), JSON.stringify({ crashes }))
  const clock = new HurriedClock()
  const started = await agentOf(seqToFile(bench.path('out')), clock)
  await started.start()
  expect(started.ready()).toBe(false)
  expect(started.status().flows[0]!.problem).toContain('FLM9105')
  expect(clock.long.length).toBeGreaterThan(0)
  for (const run of clock.long.splice(0)) run()
  await until('the flow', () => (started.ready() ? true : undefined))
  expect(started.status().flows[0]!.problem).toBeUndefined()
})

test('an agent whose only delivered flow is refused is not ready, and heals', async () => {
  const bad = deliveredFlow('a', { sinks: [{ name: 'out', nul: {} }] })
  const volume = new MountedVolume(bench.path('config'), filesOf(bad))
  const started = await delivering(volume)
  expect(started.ready()).toBe(false)
  expect(started.status()).toMatchObject({
    ordinal: 2,
    delivered: [{ flow: 'a', hash: bad.hash, result: 'refused' }],
  })
  const good = deliveredFlow('a')
  volume.replace(filesOf(good))
  started.reload()
  await until('readiness', () => (started.ready() ? true : undefined))
  expect(started.status().delivered).toMatchObject([{ hash: good.hash, result: 'applied' }])
  expect((await started.metrics()).text).toContain('flume_delivered_flow_applied{flow="a"} 1')
})

test('an agent to which no flow was delivered is ready', async () => {
  const started = await delivering(new MountedVolume(bench.path('config'), filesOf()))
  expect(started.ready()).toBe(true)
  expect(started.status().delivered).toEqual([])
})
