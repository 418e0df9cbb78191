import { once } from 'node:events'
import { mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { readdirSync, readFileSync, existsSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AgentStatus } from '../core/status.ts'
import type { FlumeProcess } from '../../test/cli/flume.ts'
import { FIVE_MISTAKES, seqToFile, stuck } from '../../test/cli/manifests.ts'
import { ROOT, Workbench, flume, until } from '../../test/cli/flume.ts'

let bench: Workbench
let manifest: string
let out: string

beforeEach(() => {
  bench = new Workbench()
  manifest = bench.path('flow.yaml')
  out = bench.path('out')
})

afterEach(() => bench.clean())

const lines = (): string[] =>
  existsSync(out)
    ? readdirSync(out).flatMap((name) => readFileSync(join(out, name), 'utf8').split('\n'))
    : []

const delivered = (events: number): Promise<true> =>
  until(`${events} events in ${out}`, () =>
    lines().filter((line) => line !== '').length === events ? true : undefined,
  )

const statusOf = async (agent: FlumeProcess): Promise<AgentStatus> =>
  JSON.parse((await agent.ask('/status')).body) as AgentStatus

const reloaded = (agent: FlumeProcess, result: string): Promise<AgentStatus> =>
  until(`a reload that is ${result}`, async () => {
    const status = await statusOf(agent)
    return status.lastReload?.result === result ? status : undefined
  })

test('events go from source to file, SIGTERM ends with 0 and takes the admin record away', async () => {
  writeFileSync(manifest, seqToFile(out))
  const agent = bench.run(manifest)
  await delivered(100)
  expect(JSON.parse(bench.read('data', 'web-0', 'admin.json'))).toEqual({
    address: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string,
    pid: agent.pid,
  })
  agent.kill('SIGTERM')
  const { code, stdout } = await agent.ended
  expect(code).toBe(0)
  expect(stdout).toBe('')
  expect(agent.lines().at(-1)).toMatchObject({ level: 'info', msg: 'agent stopped' })
  expect(existsSync(bench.path('data', 'web-0', 'admin.json'))).toBe(false)
})

test('the admin server answers on its free port and shows the flow', async () => {
  writeFileSync(manifest, seqToFile(out))
  const agent = bench.run(manifest)
  await delivered(100)
  await until('readiness', async () =>
    (await agent.ask('/readyz')).status === 200 ? true : undefined,
  )
  expect((await agent.ask('/livez')).status).toBe(200)
  const status = await statusOf(agent)
  expect(status.agent).toBe('web')
  expect(status.flows.map(({ name, state }) => ({ name, state }))).toEqual([
    { name: 'web', state: 'running' },
  ])
  const { body } = await agent.ask('/metrics')
  expect(body).toContain('flume_config_last_reload_success 1')
  expect(body).toMatch(/flume_sink_events_total\{flow="web",sink="out"\} 100/)
})

test('mistakes in the manifest are printed with their lines, exit code 2', async () => {
  writeFileSync(manifest, FIVE_MISTAKES)
  const { code, stderr } = await bench.run(manifest).ended
  expect(code).toBe(2)
  expect(stderr.split('\n').filter((line) => /flow\.yaml:\d+: FLM\d{4} /.test(line))).toHaveLength(
    5,
  )
  expect(stderr).toMatch(/\n5 errors\n$/)
  expect(existsSync(bench.path('data'))).toBe(false)
})

test('SIGHUP with mistakes changes nothing and says why; the next good file applies', async () => {
  writeFileSync(manifest, seqToFile(out))
  const agent = bench.run(manifest)
  await delivered(100)
  const before = await statusOf(agent)
  writeFileSync(manifest, FIVE_MISTAKES)
  agent.kill('SIGHUP')
  const refused = await reloaded(agent, 'refused')
  expect(refused.lastReload!.errors).toHaveLength(5)
  expect(refused.configuration).toBe(before.configuration)
  expect(refused.flows.map(({ state }) => state)).toEqual(['running'])
  expect((await agent.ask('/metrics')).body).toContain('flume_config_last_reload_success 0')
  const problems = agent.lines().filter(({ msg }) => msg === 'configuration problem')
  expect(problems.length).toBeGreaterThanOrEqual(5)

  writeFileSync(manifest, seqToFile(out, 150))
  agent.kill('SIGHUP')
  const applied = await reloaded(agent, 'applied')
  expect(applied.lastReload!.errors).toEqual([])
  expect(applied.configuration).not.toBe(before.configuration)
  expect((await agent.ask('/metrics')).body).toContain('flume_config_last_reload_success 1')
})

test('a mounted directory whose symbolic link is swapped is reloaded without a signal', async () => {
  // A ConfigMap as the kubelet mounts it: flow.yaml → ..data/flow.yaml, ..data → a version.
  mkdirSync(bench.path('config', '..v1'), { recursive: true })
  mkdirSync(bench.path('config', '..v2'))
  writeFileSync(bench.path('config', '..v1', 'flow.yaml'), seqToFile(out))
  writeFileSync(bench.path('config', '..v2', 'flow.yaml'), seqToFile(out, 120))
  symlinkSync('..v1', bench.path('config', '..data'))
  symlinkSync('..data/flow.yaml', bench.path('config', 'flow.yaml'))
  const agent = bench.run(bench.path('config'))
  await delivered(100)
  const before = await statusOf(agent)
  symlinkSync('..v2', bench.path('config', '..data_tmp'))
  renameSync(bench.path('config', '..data_tmp'), bench.path('config', '..data'))
  expect((await reloaded(agent, 'applied')).configuration).not.toBe(before.configuration)
})

test('a configuration from the standard input runs and cannot be reloaded', async () => {
  const agent = bench.run('-', [], { stdin: seqToFile(out) })
  await delivered(100)
  agent.kill('SIGHUP')
  const refused = await reloaded(agent, 'refused')
  expect(refused.lastReload!.errors[0]).toContain('standard input')
})

test('an agent whose only flow takes no events stays up, is alive, and says why it is not ready', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const source = `avro: { bind: 127.0.0.1, port: ${port} }`
  writeFileSync(manifest, seqToFile(out).replace('seq: { totalEvents: 100 }', source))
  const agent = bench.run(manifest)
  const reasons = await until('a reason', async () => {
    const { status, body } = await agent.ask('/readyz')
    return status === 503 && body.includes('flow web, source in: FLM3201') ? body : undefined
  })
  other.close()
  expect(JSON.parse(reasons)).toMatchObject({ ready: false })
  expect((await agent.ask('/livez')).status).toBe(200)
})

test('events left in a memory channel at the deadline are counted, exit code 1', async () => {
  writeFileSync(bench.path('file'), '')
  writeFileSync(manifest, stuck(bench.path('file')))
  const agent = bench.run(manifest, ['--shutdown-timeout', '200ms'])
  await untilBacklog(agent)
  agent.kill('SIGTERM')
  const { code } = await agent.ended
  expect(code).toBe(1)
  expect(agent.lines().at(-1)).toMatchObject({ level: 'error', eventsLeft: 10 })
})

test('a second SIGINT ends a stop that waits, exit code 130', async () => {
  writeFileSync(bench.path('file'), '')
  writeFileSync(manifest, stuck(bench.path('file')))
  const agent = bench.run(manifest)
  await untilBacklog(agent)
  agent.kill('SIGINT')
  await agent.logged(/agent stopping/)
  agent.kill('SIGINT')
  expect((await agent.ended).code).toBe(130)
})

const untilBacklog = (agent: FlumeProcess): Promise<true> =>
  until('a backlog', async () => {
    const [flow] = (await statusOf(agent)).flows
    return flow?.channels[0]?.stats?.backlogEvents === 10 ? true : undefined
  })

test('an admin address in use is said with the cure, exit code 1', async () => {
  writeFileSync(manifest, seqToFile(out))
  const agent = bench.run(manifest)
  const [, address] = await agent.logged(/"admin":"([^"]+)"/)
  const second = bench.run(manifest, ['--admin', address!, '--ordinal', '1'])
  expect((await second.ended).code).toBe(1)
  expect(second.lines().at(-1)).toMatchObject({
    level: 'error',
    error: { code: 'FLM9101', message: expect.stringContaining('--admin HOST:PORT') as string },
  })
})

test('an error that nobody caught is logged with its stack and its flow, counted, exit code 1', async () => {
  writeFileSync(manifest, seqToFile(out))
  const defect = bench.path('defect.ts')
  const scope = join(ROOT, 'agent', 'telemetry', 'flow-scope.ts')
  writeFileSync(
    defect,
    `import { existsSync } from 'node:fs'
    import { runInFlow } from ${JSON.stringify(scope)}
    runInFlow('web', () => {
      const look = setInterval(() => {
        if (!existsSync(${JSON.stringify(bench.path('crash'))})) return
        clearInterval(look)
        void Promise.reject(new Error('a defect'))
      }, 5)
    })`,
  )
  const agent = bench.run(manifest, [], { env: { NODE_OPTIONS: `--import=${defect}` } })
  await delivered(100)
  writeFileSync(bench.path('crash'), '')
  expect((await agent.ended).code).toBe(1)
  const last = agent.lines().at(-1) as { flow: string; error: { message: string; stack: string } }
  expect(last.flow).toBe('web')
  expect(last.error.message).toBe('a defect')
  expect(last.error.stack).toContain('defect.ts')
  expect(JSON.parse(bench.read('data', 'web-0', 'crashes.json'))).toMatchObject({
    crashes: [{ flow: 'web' }],
  })
})

test('a flow that crashed the agent three times is held back until it changes', async () => {
  const other = seqToFile(bench.path('other')).replace('name: web', 'name: other')
  const agentOf = (text: string): string =>
    text.replace('spec:\n', 'spec:\n  agentRef: { name: hub }\n')
  const write = (events: number): void =>
    writeFileSync(manifest, `${agentOf(seqToFile(out, events))}---\n${agentOf(other)}`)
  write(100)
  mkdirSync(bench.path('data', 'hub-0'), { recursive: true })
  const crashes = [1, 2, 3].map(() => ({ at: Date.now(), flow: 'web' }))
  writeFileSync(bench.path('data', 'hub-0', 'crashes.json'), JSON.stringify({ crashes }))

  const agent = bench.run(manifest)
  await until('the other flow', async () => {
    const flow = (await statusOf(agent)).flows.find(({ name }) => name === 'other')
    return flow?.state === 'running' ? true : undefined
  })
  const held = (await statusOf(agent)).flows.find(({ name }) => name === 'web')
  expect(held).toMatchObject({ state: 'failing' })
  expect(held!.problem).toContain('FLM9105')
  expect((await agent.ask('/readyz')).status).toBe(200)
  expect(lines()).toEqual([])

  write(101)
  agent.kill('SIGHUP')
  await delivered(101)
  rmSync(bench.path('data', 'hub-0', 'crashes.json'))
})

test('status finds the agent of a data directory by itself', async () => {
  writeFileSync(manifest, seqToFile(out))
  const agent = bench.run(manifest)
  await delivered(100)
  const { code, stdout } = await flume(['status', '--data-dir', bench.path('data')])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^agent web {2}running for /)
  expect(stdout).toMatch(/\noldest waiting event {2}none\n/)
  expect(stdout).toMatch(/\n {2}sink +out +file +running +100 events/)
  const json = await flume(['status', '--data-dir', bench.path('data'), '--output', 'json'])
  expect(JSON.parse(json.stdout)).toMatchObject({ agent: 'web', state: 'running' })
  agent.kill('SIGTERM')
  await agent.ended
  const gone = await flume(['status', '--admin', '127.0.0.1:1'])
  expect(gone.code).toBe(1)
  expect(gone.stderr).toContain('FLM9104 No agent answers at 127.0.0.1:1')
})

test('a shutdown time-out that is no duration is a usage error', async () => {
  writeFileSync(manifest, seqToFile(out))
  const { code, stderr } = await bench.run(manifest, ['--shutdown-timeout', '25']).ended
  expect(code).toBe(2)
  expect(stderr).toContain('--shutdown-timeout: expected a duration such as')
})
