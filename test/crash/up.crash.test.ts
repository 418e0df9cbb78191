import { appendFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { realpathSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { agent, documents, flow } from '../config/manifests.ts'
import { RunningUp, linesIn } from './running-up.ts'

let directory: string
let port: number
let running: RunningUp[]

beforeEach(async () => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), 'flume-up-')))
  mkdirSync(join(directory, 'manifests'))
  writeFileSync(join(directory, 'input.log'), '')
  port = await freePort()
  running = []
})

afterEach(async () => {
  for (const up of running) {
    up.kill('SIGKILL')
    await up.ended
    await up.until('all processes gone', () => (up.processes() === 0 ? true : undefined))
  }
  rmSync(directory, { recursive: true })
})

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port: found } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return found
}

const write = (name: string, ...texts: readonly string[]): void =>
  writeFileSync(join(directory, 'manifests', name), documents(...texts))

const edge = (): string =>
  flow('edge', {
    sources: '[{ name: in, tail: { files: [input.log] } }]',
    sinks: '[{ name: next, agent: { name: hub } }]',
  })

const collect = (interceptors = ''): string =>
  flow('collect', {
    agent: 'hub',
    sources: `[{ name: in, avro: { port: ${port} }${interceptors} }]`,
    sinks: '[{ name: out, file: { directory: out } }]',
  })

function start(): RunningUp {
  const up = new RunningUp(directory)
  running.push(up)
  return up
}

async function startPools(replicas = 2): Promise<RunningUp> {
  write('edge.yaml', edge())
  write('hub.yaml', agent('hub', replicas), collect())
  const up = start()
  await up.untilRunning('edge-0', ...Array.from({ length: replicas }, (_, i) => `hub-${i}`))
  return up
}

let lines = 0
/** Appends lines and waits until all that were ever written have arrived. */
async function deliver(up: RunningUp, count = 200): Promise<void> {
  append(count)
  await delivered(up)
}

function append(count: number): void {
  const text = Array.from({ length: count }, () => `line-${lines++}\n`).join('')
  appendFileSync(join(directory, 'input.log'), text)
}

async function delivered(up: RunningUp): Promise<void> {
  const written = readFileSync(join(directory, 'input.log'), 'utf8').split('\n').slice(0, -1)
  await up.until('all lines delivered', () => {
    const arrived = new Set(linesIn(join(directory, 'out')))
    return written.every((line) => arrived.has(line)) ? true : undefined
  })
}

test('an edge and two hubs: a replica that is killed is started again, nothing is lost', async () => {
  const up = await startPools()
  await deliver(up)
  for (const replica of ['hub-0', 'edge-0', 'hub-1']) {
    const { pid, restarts } = up.row(replica)
    append(100)
    process.kill(pid!, 'SIGKILL')
    await up.untilMessage(`${replica}: ended by SIGKILL; starts again in`)
    await up.untilRows(`${replica} running again`, (rows) => {
      const row = rows.find((each) => each.replica === replica)
      return row?.state === 'running' && row.pid !== pid && row.restarts === restarts + 1
    })
    await deliver(up, 100)
  }
  expect(up.rows().map(({ replica, restarts }) => [replica, restarts])).toEqual([
    ['edge-0', 1],
    ['hub-0', 1],
    ['hub-1', 1],
  ])
  expect(up.row('edge-0').liveSinks).toEqual(['edge/next'])
  expect(await up.stop()).toBe(0)
  expect(up.messages().at(-1)).toBe('all agents stopped')
  expect(up.processes()).toBe(0)
})

test('when up itself is killed no process is left; the next one has the same ports', async () => {
  const up = await startPools()
  await deliver(up)
  expect(up.processes()).toBe(4)
  const ports = readFileSync(join(directory, 'data', 'up.json'), 'utf8')
  append(100)
  expect(await up.stop('SIGKILL')).toBe('SIGKILL')
  await up.until('all processes gone', () => (up.processes() === 0 ? true : undefined))
  for (const replica of ['edge-0', 'hub-0', 'hub-1']) {
    const log = readFileSync(join(directory, 'data', 'logs', `${replica}.log`), 'utf8')
    expect(log).toMatch(/"reason":"the parent process ended"[^]*"msg":"agent stopped"/)
  }
  const again = start()
  await again.untilRunning('edge-0', 'hub-0', 'hub-1')
  await delivered(again)
  expect(readFileSync(join(directory, 'data', 'up.json'), 'utf8')).toBe(ports)
  expect(await again.stop('SIGINT')).toBe(0)
})

test('an agent with mistakes is reported and the others run; corrected, it starts', async () => {
  write('edge.yaml', edge())
  write('hub.yaml', agent('hub'), collect())
  write('other.yaml', flow('other', { sinks: '[{ name: out, nul: {} }]' }))
  const up = start()
  await up.untilRunning('edge-0', 'hub-0')
  expect(up.messages().slice(0, 3)).toEqual([
    'manifests/other.yaml:7: FLM1203 spec.sinks[0].nul: unknown key. Did you mean "null"?',
    '1 error',
    'agent other: is not started until its mistakes are corrected',
  ])
  await deliver(up)
  write('other.yaml', flow('other'))
  await up.untilRunning('edge-0', 'hub-0', 'other-0')
  const { pid } = up.row('hub-0')
  write('hub.yaml', agent('hub'), collect().replace('avro:', 'avor:'))
  await up.untilMessage('agent hub: goes on as before until its mistakes are corrected')
  await deliver(up)
  // It was the last good version that it is started with again.
  process.kill(pid!, 'SIGKILL')
  await up.untilRows('hub-0 running again', (rows) =>
    rows.some((row) => row.replica === 'hub-0' && row.state === 'running' && row.pid !== pid),
  )
  await deliver(up)
  expect(await up.stop()).toBe(0)
})

test('a change goes to one replica after the other, without a new process', async () => {
  const up = await startPools()
  await deliver(up)
  const pids = up.rows().map((row) => row.pid)
  write('hub.yaml', agent('hub', 2), collect(', interceptors: [{ static: { key: a, value: b } }]'))
  append(500)
  await up.untilMessage('hub-1: runs the new configuration')
  const said = up.messages().filter((text) => text.includes('new configuration'))
  expect(said).toEqual(['hub-0: runs the new configuration', 'hub-1: runs the new configuration'])
  await deliver(up)
  expect(up.rows().map((row) => row.pid)).toEqual(pids)
  expect(up.rows().map((row) => row.restarts)).toEqual([0, 0, 0])
  expect(await up.stop()).toBe(0)
})

test('replicas come and go: those that send are told, and the data of one that goes stays', async () => {
  const up = await startPools(1)
  await deliver(up)
  const hub = up.row('hub-0').pid
  write('hub.yaml', agent('hub', 2), collect())
  await up.untilMessage('edge-0: runs the new configuration')
  await up.untilRunning('edge-0', 'hub-0', 'hub-1')
  expect(up.row('hub-0').pid).toBe(hub)
  await deliver(up)
  write('hub.yaml', agent('hub', 1), collect())
  await up.untilMessage(
    'hub-1: stopped, as it is not wanted any more. Its events stay in data/hub-1',
  )
  await up.untilRunning('edge-0', 'hub-0')
  expect(existsSync(join(directory, 'data', 'hub-1', 'collect', 'default'))).toBe(true)
  await deliver(up)
  expect(await up.stop()).toBe(0)
  expect(up.processes()).toBe(0)
})

test('a second interrupt ends all at once, with 130', async () => {
  writeFileSync(join(directory, 'file'), '')
  const channels = '\n  channels: [{ name: memory, memory: {} }]\n'
  write(
    'stuck.yaml',
    flow('stuck', {
      sources: `[{ name: in, seq: { totalEvents: 10 } }]${channels}`,
      sinks: '[{ name: out, file: { directory: file/out } }]',
    }),
  )
  const up = start()
  await up.untilRows('a backlog', (rows) => rows[0]?.backlogEvents === 10)
  up.kill('SIGINT')
  await up.untilMessage('stopping all agents')
  expect(await up.stop('SIGINT')).toBe(130)
  await up.until('all processes gone', () => (up.processes() === 0 ? true : undefined))
})
