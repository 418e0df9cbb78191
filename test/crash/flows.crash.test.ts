import { appendFileSync, readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { AgentStatus } from '../../agent/core/status.ts'
import { runFlume } from './running-agent.ts'
import { NOTHING_WRONG, Sandbox } from './sandbox.ts'

/** A manifest with five mistakes, one a line from line 5 on. */
const FIVE_MISTAKES = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: a }
spec:
  sources:
    - { name: in, tail: { fiels: ['/tmp/x'], files: ['/tmp/y'] } }
    - { name: again, tail: { files: ['/tmp/z'], scanInterval: soon } }
    - { name: lost, seq: {}, channels: [nowhere] }
  channels:
    - { name: disk, file: { capacity: 1 } }
  sinks:
    - { name: out, channel: disk, fiel: { directory: /tmp/out } }
`

const flowOf = (status: AgentStatus, name: string) =>
  status.flows.find((flow) => flow.name === name)!

test('a manifest with five mistakes gets five messages with their lines, and exit code 2', async () => {
  await using sandbox = new Sandbox()
  writeFileSync(sandbox.manifest, FIVE_MISTAKES)
  for (const command of ['validate', 'run']) {
    const { ending, output } = await runFlume([command, '-f', sandbox.manifest], sandbox.directory)
    expect(ending, output).toBe(2)
    const lines = output.match(/^.*flow\.yaml:\d+: FLM\d{4} /gm) ?? []
    const numbers = lines.map((line) => Number(/flow\.yaml:(\d+):/.exec(line)![1]))
    expect(numbers, output).toEqual([6, 7, 8, 10, 12])
    expect(output).toContain('5 errors')
  }
})

test('a reload with mistakes changes nothing and says why; the next good file applies', async () => {
  await using sandbox = new Sandbox()
  sandbox.writeFlows([{ name: 'a' }])
  const good = readFileSync(sandbox.manifest, 'utf8')
  const writer = sandbox.input('a')
  writer.writeLines(1000)
  const agent = await sandbox.start()
  const before = await agent.untilStatus(
    'delivering',
    (status) => flowOf(status, 'a').sinks[0]!.eventsTotal > 900,
  )

  writeFileSync(sandbox.manifest, FIVE_MISTAKES)
  agent.signal('SIGHUP')
  const refused = await agent.untilStatus(
    'refusing the reload',
    (status) => status.lastReload?.result === 'refused',
  )
  expect(refused.lastReload!.errors).toHaveLength(5)
  expect(refused.configuration).toBe(before.configuration)
  expect(agent.log()).toContain('flow.yaml:6')
  writer.writeLines(1000)
  await agent.untilStatus(
    'delivering as before',
    (status) => flowOf(status, 'a').sinks[0]!.eventsTotal > 1900,
  )

  const next = good.replaceAll(sandbox.path('out', 'a'), sandbox.path('out', 'next'))
  writeFileSync(sandbox.manifest, next)
  agent.signal('SIGHUP')
  const applied = await agent.untilStatus(
    'applying the next good file',
    (status) => status.lastReload?.result === 'applied',
  )
  expect(applied.configuration).not.toBe(before.configuration)
  writer.writeLines(1000)
  writer.stop()
  await agent.untilStatus('drained', () => {
    const [first, second] = [sandbox.verdict('a', 3000), sandbox.verdict('next', 3000)]
    return first.lost.length + second.lost.length === 3000
  })
  expect(await agent.stop()).toBe(0)
  for (const flow of ['a', 'next']) {
    expect(sandbox.verdict(flow, 3000)).toMatchObject({ repeated: [], strangers: [], torn: [] })
  }
})

test('a flow whose sink fails for ever leaves the other one untouched', async () => {
  await using sandbox = new Sandbox()
  sandbox.writeFlows([
    { name: 'good' },
    { name: 'bad', channel: 'capacity: 8Mi, segmentSize: 1Mi' },
  ])
  sandbox.block('bad')
  const bad = sandbox.input('bad')
  bad.writeLines(60_000)
  bad.stop()
  const good = sandbox.input('good')
  const agent = await sandbox.start()
  const full = await agent.untilStatus(
    'feeling back-pressure in the bad flow',
    (status) => flowOf(status, 'bad').channels[0]!.stats?.state === 'full',
  )
  expect(flowOf(full, 'bad').sinks[0]).toMatchObject({ state: 'failing', eventsTotal: 0 })
  expect(flowOf(full, 'bad').sinks[0]!.problem).toContain('FLM4101')

  for (let i = 0; i < 20; i++) good.writeLines(1000)
  good.stop()
  const done = await agent.untilStatus(
    'delivering the good flow',
    (status) => flowOf(status, 'good').sinks[0]!.eventsTotal === 20_000,
  )
  expect(flowOf(done, 'good')).toMatchObject({ state: 'running' })
  expect(await agent.stop()).toBe(0)
  expect(sandbox.verdict('good', 20_000)).toEqual(NOTHING_WRONG)
})

test('a second agent on the same data directory is refused and harms nothing', async () => {
  await using sandbox = new Sandbox()
  sandbox.writeFlows([{ name: 'a' }])
  const writer = sandbox.input('a')
  writer.writeLines(1000)
  const first = await sandbox.start()
  await first.untilStatus('delivering', (status) => flowOf(status, 'a').sinks[0]!.eventsTotal > 900)
  const second = await sandbox.start()
  const status = await second.untilStatus(
    'saying that the channel is in use',
    ({ flows }) => flows[0]!.channels[0]!.problem?.includes('FLM2101') === true,
  )
  expect(flowOf(status, 'a').state).toBe('failing')
  writer.writeLines(1000)
  writer.stop()
  await first.untilStatus('drained', (each) => flowOf(each, 'a').sinks[0]!.eventsTotal === 2000)

  // The channel is free as soon as the first agent is gone; the second one takes over by itself.
  expect(await first.stop()).toBe(0)
  appendFileSync(sandbox.path('in', 'a', 'app.log'), '')
  await second.untilStatus('running', ({ flows }) => flows[0]!.state === 'running')
  expect(await second.stop()).toBe(0)
  expect(sandbox.verdict('a', 2000)).toEqual(NOTHING_WRONG)
})
