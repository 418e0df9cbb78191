import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { agentStatus } from '../../../test/cli/status.ts'
import { agent, documents, receiver, sender } from '../../../test/config/manifests.ts'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { Processes } from '../../../test/supervisor/processes.ts'
import type { ReplicaRow } from './rows.ts'
import { runUp } from './session.ts'

let directory: string
let manifests: string
let clock: ManualClock
let processes: Processes
let messages: string[]
let rows: readonly ReplicaRow[]
let stop: AbortController
let reload: () => void
let kill: () => void

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-up-'))
  manifests = join(directory, 'flows.yaml')
  clock = new ManualClock()
  processes = new Processes()
  messages = []
  rows = []
  stop = new AbortController()
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (...texts: readonly string[]): void => writeFileSync(manifests, documents(...texts))

/** Starts it. */
function up(): Promise<number> {
  let next = 0
  const texts = messages
  return runUp({
    files: [manifests],
    dataDir: join(directory, 'data'),
    pluginsDirectory: join(directory, 'plugins'),
    addresses: new Map(),
    runArgs: [],
    killAfterMs: 35_000,
    clock,
    random: { bytes: (length) => Buffer.alloc(length), number: () => next++ / 12_000 },
    probe: async () => true,
    launch: processes.launch,
    // Every agent is well and runs what it was given last.
    fetchStatus: async () => ({ ...agentStatus(), configuration: 'unknown' }),
    display: {
      message: (text) => void texts.push(text.replaceAll(`${directory}/`, '')),
      show: (shown) => void (rows = shown),
    },
    signal: stop.signal,
    onReload: (call) => void (reload = call),
    onKill: (call) => void (kill = call),
  })
}

/** Waits until so many processes were started; files are read in the meantime. */
async function started(count: number): Promise<void> {
  while (processes.all.length < count) await turns()
  await turns(5)
}

async function said(text: string): Promise<void> {
  while (!messages.includes(text)) await turns()
}

const EDGE = sender('edge', 'name: hub')
const HUB = [agent('hub', 2), receiver('collect', 'hub')]

async function stopped(ended: Promise<number>, code = 0): Promise<number> {
  stop.abort()
  await turns(5)
  for (const process of processes.all) process.end({ code, reason: undefined })
  return ended
}

it('starts every replica, says where it is, and shows it', async () => {
  write(EDGE, ...HUB)
  const ended = up()
  await started(3)
  expect(messages).toEqual([
    'edge-0: admin at 127.0.0.1:20000',
    'hub-0: collect/in at 0.0.0.0:4141, admin at 127.0.0.1:20001',
    'hub-1: collect/in at 0.0.0.0:20003 (a free port), admin at 127.0.0.1:20002',
    'edge-0: started, pid 1000',
    'hub-0: started, pid 1001',
    'hub-1: started, pid 1002',
  ])
  expect(readFileSync(join(directory, 'data', 'hub-1', 'manifests.yaml'), 'utf8')).toContain('avro')
  expect(JSON.parse(readFileSync(join(directory, 'data', 'up.json'), 'utf8'))).toMatchObject({
    ports: { 'hub-1': { 'collect/in': 20_003 } },
  })
  while (!rows.every((row) => row.state === 'running')) {
    clock.advance(1000)
    await turns(5)
  }
  expect(rows.map(({ replica, state, backlogEvents }) => [replica, state, backlogEvents])).toEqual([
    ['edge-0', 'running', 12_345],
    ['hub-0', 'running', 12_345],
    ['hub-1', 'running', 12_345],
  ])
  expect(await stopped(ended)).toBe(0)
  expect(messages.slice(-2)).toEqual(['stopping all agents', 'all agents stopped'])
})

it('runs the others where one agent has mistakes, and says so with file and line', async () => {
  write(EDGE, agent('hub'), receiver('collect', 'hub').replace('null', 'nul'))
  const ended = up()
  await started(1)
  expect(messages.slice(0, 3)).toEqual([
    'flows.yaml:19: FLM1203 spec.sinks[0].nul: unknown key. Did you mean "null"?',
    '1 error',
    'agent hub: is not started until its mistakes are corrected',
  ])
  expect(processes.all.map(({ launch }) => launch.args.includes('--agent=edge'))).toEqual([true])
  write(EDGE, ...HUB)
  reload()
  await started(3)
  expect(messages).toContain('hub-1: started, pid 1002')
  // The edge has other options now.
  await said('edge-0: is started anew, as ports or addresses changed')
  expect(await stopped(ended, 1)).toBe(1)
})

it('leaves an agent as it is when its manifests have got mistakes', async () => {
  write(...HUB)
  const ended = up()
  await started(2)
  writeFileSync(manifests, 'a: [\n')
  reload()
  await said('agent hub: goes on as before until its mistakes are corrected')
  expect(processes.all.map(({ signals }) => signals)).toEqual([[], []])
  await stopped(ended)
})

it('ends with 2 where nothing can be run', async () => {
  write(EDGE)
  expect(await up()).toBe(2)
  expect(messages.at(-1)).toBe('agent edge: is not started until its mistakes are corrected')
  writeFileSync(manifests, '')
  expect(await up()).toBe(2)
  expect(messages.at(-1)).toContain('FLM1306 the input defines no agent')
  expect(processes.all).toEqual([])
})

it('kills all when it is asked to', async () => {
  write(...HUB)
  const ended = up()
  await started(2)
  stop.abort()
  await turns(5)
  kill()
  expect(processes.all.map(({ signals }) => signals)).toEqual([
    ['SIGTERM', 'SIGKILL'],
    ['SIGTERM', 'SIGKILL'],
  ])
  expect(await ended).toBe(1)
})
