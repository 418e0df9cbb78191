import { readFileSync } from 'node:fs'
import { connect } from 'node:tls'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { AgentStatus, DeliveredStatus } from '../../agent/core/status.ts'
import { deliveredFlow, filesOf } from '../config/delivered-flows.ts'
import { MountedVolume } from '../config/mounted.ts'
import type { MountedFiles } from '../config/mounted.ts'
import { freePort } from '../../hack/bench/free-port.ts'
import { SERVER_FILES, CLIENT_FILES } from '../tls/certificates.ts'
import type { InputWriter } from './input.ts'
import type { RunningAgent } from './running-agent.ts'
import { NOTHING_WRONG, Sandbox } from './sandbox.ts'

const LINES_PER_SECOND = 2_000

let sandbox: Sandbox
let volume: MountedVolume
let agent: RunningAgent
/** What is delivered at the moment. */
let flows: Map<string, DeliveredFlow>
let secrets: MountedFiles
let writers: Map<string, InputWriter>

beforeEach(() => {
  sandbox = new Sandbox()
  flows = new Map()
  secrets = {}
  writers = new Map()
  volume = new MountedVolume(sandbox.path('config'))
})

afterEach(async () => {
  for (const writer of writers.values()) writer.stop()
  await sandbox[Symbol.asyncDispose]()
})

/** Ships `in/<name>/app.log*` to `out/<name>`; `more` goes into the spec of version `generation`. */
function tailed(name: string, generation: number, more: object = {}): DeliveredFlow {
  const files = [sandbox.path('in', name, 'app.log*')]
  const spec = {
    sources: [{ name: 'in', tail: { files, scanInterval: '100ms', pollInterval: '20ms' } }],
    channels: [{ name: 'disk', file: {} }],
    sinks: [{ name: 'out', file: { directory: sandbox.path('out', name) } }],
    ...more,
  }
  return deliveredFlow(name, spec, { generation })
}

/** The same settings in another order, and a new one: rolls of another size. */
function rolling(name: string, generation: number, rollSize: string): DeliveredFlow {
  const directory = sandbox.path('out', name)
  return tailed(name, generation, { sinks: [{ name: 'out', file: { directory, rollSize } }] })
}

function misspelt(name: string, generation: number): DeliveredFlow {
  return tailed(name, generation, { sinks: [{ name: 'out', fiel: {} }] })
}

function write(name: string): void {
  const writer = sandbox.input(name)
  writers.set(name, writer)
  writer.start(LINES_PER_SECOND)
}

function mount(): void {
  volume.replace({ ...filesOf(...flows.values()), ...secrets })
}

/** As an operator does: the flow is in the ConfigMap, and the kubelet mounts its new version. */
function put(...changed: readonly DeliveredFlow[]): void {
  for (const each of changed) flows.set(each.flow, each)
  mount()
}

async function start(): Promise<void> {
  const from = ['--delivered', volume.directory, '--agent', 'hub', '--ordinal', '2']
  agent = await sandbox.start(from)
}

function statusOf(status: AgentStatus, flow: string): DeliveredStatus | undefined {
  return status.delivered!.find((each) => each.flow === flow)
}

/** Waits until the agent says of this very version what became of it. */
async function reported(
  flow: DeliveredFlow,
  result: DeliveredStatus['result'],
): Promise<DeliveredStatus> {
  const status = await agent.untilStatus(`${result}: ${flow.flow} ${flow.generation}`, (now) => {
    const found = statusOf(now, flow.flow)
    return found?.hash === flow.hash && found.generation === flow.generation
  })
  const found = statusOf(status, flow.flow)!
  expect(found, JSON.stringify(found)).toMatchObject({ result })
  return found
}

/** Waits until lines that are written from now on come out. */
async function flowing(...names: readonly string[]): Promise<void> {
  const delivered = (status: AgentStatus, name: string): number =>
    status.flows.find((flow) => flow.name === name)?.sinks[0]?.eventsTotal ?? 0
  const before = await agent.status()
  await agent.untilStatus(`delivering ${names.join(', ')}`, (now) =>
    names.every((name) => delivered(now, name) > delivered(before, name)),
  )
}

/** All lines of a flow are out, each once. */
async function complete(name: string): Promise<void> {
  const writer = writers.get(name)!
  writer.stop()
  writers.delete(name)
  await agent.untilStatus(
    `done with ${name}`,
    () => sandbox.verdict(name, writer.lines).lost.length === 0,
  )
  expect(sandbox.verdict(name, writer.lines)).toEqual(NOTHING_WRONG)
}

test('delivered flows change, break, vanish and wait for Secrets, and no line is lost or repeated', async () => {
  for (const name of ['a', 'b', 'c']) write(name)
  put(tailed('a', 1), misspelt('b', 1))
  await start()
  await reported(flows.get('a')!, 'applied')
  const refused = await reported(flows.get('b')!, 'refused')
  expect(refused.problems).toEqual([expect.stringContaining('Did you mean "file"?')])
  expect(refused.running).toBeUndefined()
  await flowing('a')

  put(tailed('b', 2), tailed('c', 1))
  for (const name of ['b', 'c']) await reported(flows.get(name)!, 'applied')
  await flowing('a', 'b', 'c')

  // Some changes one after the other, for the time that each takes to be live.
  const took: number[] = []
  for (let generation = 2; generation < 8; generation++) {
    const changedAt = performance.now()
    put(rolling('a', generation, `${generation}Mi`))
    await reported(flows.get('a')!, 'applied')
    took.push(Math.round(performance.now() - changedAt))
  }
  console.info(`a change was live after ${took.join(', ')} ms`)

  // A broken version leaves the flow as it runs, also over a crash of the agent.
  put(misspelt('a', 8))
  expect((await reported(flows.get('a')!, 'refused')).running).toMatchObject({ generation: 7 })
  await flowing('a', 'b', 'c')
  await agent.kill()
  await start()
  expect((await reported(flows.get('a')!, 'refused')).running).toBeUndefined()
  await flowing('b', 'c')
  const held = await agent.untilStatus('holding a', ({ flows: all }) =>
    all.some(({ name, state }) => name === 'a' && state === 'failing'),
  )
  expect(held.flows.find(({ name }) => name === 'a')!.channels).toHaveLength(1)
  put(tailed('a', 9))
  await reported(flows.get('a')!, 'applied')
  await flowing('a', 'b', 'c')

  // A flow that vanishes delivers what its channel holds, and is gone then.
  writers.get('c')!.stop()
  const { lines } = writers.get('c')!
  writers.delete('c')
  await agent.untilStatus('reading c', () => sandbox.verdict('c', lines).lost.length === 0)
  flows.delete('c')
  mount()
  await agent.untilStatus('without c', ({ flows: all, delivered }) => {
    const names = [...all.map(({ name }) => name), ...delivered!.map(({ flow }) => flow)]
    return !names.includes('c')
  })
  expect(sandbox.verdict('c', lines)).toEqual(NOTHING_WRONG)

  await waitsForSecret()

  // A ConfigMap that somebody deletes takes nothing away.
  volume.replace(secrets)
  const gone = await agent.untilStatus(
    'missing the ConfigMap',
    ({ lastReload }) => lastReload?.errors[0]?.includes('Was the ConfigMap deleted?') === true,
  )
  expect(gone.delivered).toHaveLength(3)
  await flowing('a', 'b')
  put(tailed('b', 3, { agentRef: undefined }))
  await reported(flows.get('b')!, 'applied')

  for (const name of ['a', 'b']) await complete(name)
  expect(await agent.stop()).toBe(0)
})

/** A source with TLS whose Secret comes later; the others do not notice. */
async function waitsForSecret(): Promise<void> {
  const port = await freePort()
  const tls = { secretRef: { name: 'web-tls' } }
  const source = { name: 'in', avro: { bind: '127.0.0.1', port, tls } }
  put(deliveredFlow('d', { sources: [source] }))
  const waiting = await reported(flows.get('d')!, 'refused')
  expect(waiting.missingSecrets).toEqual([
    { secret: 'web-tls', key: 'tls.crt' },
    { secret: 'web-tls', key: 'tls.key' },
  ])
  await flowing('a', 'b')
  secrets = {
    'secrets/web-tls/tls.crt': readFileSync(SERVER_FILES.certificate, 'utf8'),
    'secrets/web-tls/tls.key': readFileSync(SERVER_FILES.key, 'utf8'),
  }
  mount()
  const { problems, missingSecrets } = await untilApplied('d')
  expect({ problems, missingSecrets }).toEqual({ problems: [], missingSecrets: [] })
  await agent.untilStatus('running d', ({ flows: all }) =>
    all.some(({ name, state }) => name === 'd' && state === 'running'),
  )
  const ca = readFileSync(CLIENT_FILES.ca)
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca }, () => {
      socket.destroy()
      resolve()
    })
    socket.on('error', reject)
  })
}

/** The version was reported as refused before. */
async function untilApplied(flow: string): Promise<DeliveredStatus> {
  const status = await agent.untilStatus(
    `applying ${flow}`,
    (now) => statusOf(now, flow)?.result === 'applied',
  )
  return statusOf(status, flow)!
}
