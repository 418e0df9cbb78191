import { randomInt } from 'node:crypto'
import { short, spread, percentile, median } from './numbers.ts'
import type { OperatorProgram } from './operator/program.ts'
import type { Scrape } from './operator/scrape.ts'
import { Stage } from './operator/stage.ts'
import { byEffort } from './options.ts'
import type { Effort } from './options.ts'
import { cpuSeconds, memory } from './process-usage.ts'
import { pause } from './running.ts'
import { table } from './table.ts'
import type { WorkFolder } from './work-folder.ts'

/**
 * The operator as a process, against a real API server: 1,000 flows in 100 pools of three agents, with
 * stand-ins for nodes and agents that make pods ready and answer as agents do. From nothing to all ready; at
 * rest, where nothing may be written; changes of single flows; a start with everything there, which may write
 * nothing either; and the end of the leader while another one waits.
 */
const CONVERGED_SECONDS_MAX = 600
const CHANGED_SECONDS_MAX = 30
const TAKEN_OVER_SECONDS_MAX = 60
/** It is at rest once it has written nothing for so long. */
const REST_MS = 10_000
const REST_SECONDS_MAX = 180

export async function operator(work: WorkFolder, effort: Effort): Promise<string> {
  const namespaces = byEffort(effort, { quick: 1, normal: 10, full: 10 })
  const changes = byEffort(effort, { quick: 5, normal: 20, full: 100 })
  const seconds = byEffort(effort, { quick: 10, normal: 60, full: 300 })
  console.log('… API server, pools and flows')
  const stage = await Stage.start(work, namespaces)
  try {
    const { pools, flows, replicas } = stage.fleet
    const first = stage.operator('first')
    const converged = await converge(stage, first)
    const atRest = await rest(stage, first, seconds)
    const changed = await change(stage, first, changes)
    const { again, restarted } = await restart(stage, first, seconds)
    const takenOver = await takeOver(stage, again)
    return [
      `## The operator with ${short(flows.length)} flows in ${pools.length} pools of ${replicas / pools.length}`,
      converged,
      atRest,
      changed,
      restarted,
      takenOver,
    ].join('\n\n')
  } finally {
    await stage.stop()
  }
}

async function converge(stage: Stage, program: OperatorProgram): Promise<string> {
  console.log('… from nothing to all ready')
  const { view, fleet } = stage
  const sinceStart = (atMs: number): string => short((atMs - program.startedAtMs) / 1000)
  const configuredAtMs = await view.until('all flows in ConfigMaps', CONVERGED_SECONDS_MAX, () =>
    fleet.flows.every((place) => view.delivered(place) !== undefined),
  )
  const readyAtMs = await view.until('all ready', CONVERGED_SECONDS_MAX, () => view.isReady(fleet))
  const cpu = cpuSeconds(program.pid)
  await settled(program)
  stage.prove('from nothing')
  const scrape = await program.scrape()
  const refused = scrape.sum('rest_client_requests_total', { code: '403' })
  if (refused > 0) throw new Error(`${refused} requests were refused`)
  const { residentBytes, residentPeakBytes } = memory(program.pid)
  const repeated = scrape.sum('controller_runtime_reconcile_errors_total')
  const reconciled = scrape.sum('controller_runtime_reconcile_total')
  return [
    table(
      [
        'from nothing',
        'all in ConfigMaps, s',
        'all ready, s',
        'CPU, s',
        'RSS peak, MB',
        'RSS then, MB',
      ],
      [
        [
          `${fleet.replicas} agents`,
          sinceStart(configuredAtMs),
          sinceStart(readyAtMs),
          short(cpu),
          short(residentPeakBytes / 1e6),
          short(residentBytes / 1e6),
        ],
      ],
    ),
    requestTable('requests, from nothing to rest', scrape),
    `Reconciliations: ${reconciled}, of them repeated after a failure: ${repeated}.`,
  ].join('\n\n')
}

/** Lists and watches, of which there are a few for each kind, in a row for all kinds. */
function requestTable(title: string, scrape: Scrape, before?: Scrape): string {
  const counts = new Map<string, number>()
  for (const [call, count] of scrape.requests(before)) {
    const [verb = ''] = call.split(' ')
    const row = verb === 'list' || verb === 'watch' ? `${verb}, all kinds` : call
    counts.set(row, (counts.get(row) ?? 0) + count)
  }
  const rows = [...counts].toSorted(([, a], [, b]) => b - a)
  return table(
    [title, 'count'],
    rows.map(([row, count]) => [row, String(count)]),
  )
}

/** Resolves once it has written nothing for a while. */
async function settled(program: OperatorProgram): Promise<Scrape> {
  let before = await program.scrape()
  const deadlineMs = performance.now() + 1000 * REST_SECONDS_MAX
  for (;;) {
    await pause(REST_MS)
    const now = await program.scrape()
    const writes = now.writes(before)
    if (writes.size === 0) return now
    if (performance.now() > deadlineMs) throw new Error(`no rest: ${describe(writes)}`)
    before = now
  }
}

function describe(writes: ReadonlyMap<string, number>): string {
  return [...writes].map(([call, count]) => `${count} × ${call}`).join(', ')
}

async function rest(stage: Stage, program: OperatorProgram, seconds: number): Promise<string> {
  console.log(`… at rest, ${seconds} s`)
  const versions = await stage.versions()
  const before = await program.scrape()
  const cpuBefore = cpuSeconds(program.pid)
  const beganAtMs = performance.now()
  await pause(1000 * seconds)
  const cpu = cpuSeconds(program.pid) - cpuBefore
  const tookSeconds = (performance.now() - beganAtMs) / 1000
  const after = await program.scrape()
  const polls = pollsOf(after) - pollsOf(before)
  await unwritten(stage, { versions, writes: after.writes(before), when: 'at rest' })
  return [
    table(
      [`at rest, ${seconds} s`, 'writes', '% of a core', 'RSS, MB', 'agents asked /s'],
      [
        [
          'without traffic',
          '0',
          short((100 * cpu) / tookSeconds),
          short(memory(program.pid).residentBytes / 1e6),
          short(polls / tookSeconds),
        ],
      ],
    ),
    requestTable('requests meanwhile', after, before),
  ].join('\n\n')
}

function pollsOf(scrape: Scrape): number {
  return scrape.sum('flume_operator_agent_polls_total', { result: 'answered' })
}

interface Unwritten {
  readonly versions: ReadonlySet<string>
  readonly writes: ReadonlyMap<string, number>
  readonly when: string
}

/** Fails when something was written, by what the operator counts or by what the API server has. */
async function unwritten(stage: Stage, { versions, writes, when }: Unwritten): Promise<void> {
  if (writes.size > 0) throw new Error(`${when} it wrote ${describe(writes)}`)
  const others = [...(await stage.versions())].filter((each) => !versions.has(each))
  if (others.length > 0) throw new Error(`${when} was written: ${others.slice(0, 5).join(', ')}`)
}

async function change(stage: Stage, program: OperatorProgram, count: number): Promise<string> {
  console.log(`… ${count} changes of a flow`)
  const { fleet, view } = stage
  const before = await program.scrape()
  const written: number[] = []
  const programmed: number[] = []
  for (let i = 0; i < count; i++) {
    // Of hubs and edges, and at any time of the second in which agents are asked.
    const place = fleet.flows[(i * 53) % fleet.flows.length]!
    await pause(1000 + randomInt(1000))
    const beganAtMs = performance.now()
    const { metadata } = await fleet.write(place, `change-${i}`)
    const generation = metadata.generation!
    const inConfigMapMs = await view.until(
      'the change in the ConfigMap',
      CHANGED_SECONDS_MAX,
      () => view.delivered(place)?.generation === generation,
    )
    const doneMs = await view.until('the change programmed', CHANGED_SECONDS_MAX, () =>
      view.isProgrammed(place, generation),
    )
    written.push((inConfigMapMs - beganAtMs) / 1000)
    programmed.push((doneMs - beganAtMs) / 1000)
  }
  const after = await settled(program)
  stage.prove('after the changes')
  return [
    table(
      [`one flow changed, ${count} times`, 'median, s', 'p99, s', 'most, s'],
      [
        ['until in the ConfigMap', ...timesOf(written)],
        ['until Programmed, all replicas', ...timesOf(programmed)],
      ],
    ),
    requestTable(`requests for ${count} changes`, after, before),
  ].join('\n\n')
}

function timesOf(seconds: readonly number[]): string[] {
  return [median(seconds), percentile(seconds, 0.99), Math.max(...seconds)].map(short)
}

async function restart(
  stage: Stage,
  first: OperatorProgram,
  seconds: number,
): Promise<{ readonly again: OperatorProgram; readonly restarted: string }> {
  console.log('… started with everything there')
  await first.stop()
  const versions = await stage.versions()
  const again = stage.operator('again')
  const syncedMs = await again.synced()
  const syncedPeak = memory(again.pid).residentPeakBytes
  await again.working()
  const cpuBefore = cpuSeconds(again.pid)
  await pause(1000 * seconds)
  const scrape = await again.scrape()
  await unwritten(stage, { versions, writes: scrape.writes(), when: 'after a start' })
  if (pollsOf(scrape) < stage.fleet.replicas) throw new Error('not all agents were asked')
  stage.prove('after a start')
  const { residentBytes, residentPeakBytes } = memory(again.pid)
  const restarted = [
    table(
      [
        'start with everything there',
        'synced, s',
        'writes',
        'CPU until synced, s',
        'RSS peak until synced, MB',
        'RSS peak, MB',
        'RSS then, MB',
      ],
      [
        [
          `${seconds} s`,
          short(syncedMs / 1000),
          '0',
          short(cpuBefore),
          short(syncedPeak / 1e6),
          short(residentPeakBytes / 1e6),
          short(residentBytes / 1e6),
        ],
      ],
    ),
    requestTable('requests meanwhile', scrape),
  ].join('\n\n')
  return { again, restarted }
}

/** A flow is changed as the leader ends; the time until another one has brought it to the ConfigMap. */
async function takeOver(stage: Stage, leader: OperatorProgram): Promise<string> {
  const second = stage.operator('second')
  await second.synced()
  const waiting = memory(second.pid).residentBytes
  console.log('… the leader is killed')
  const killed = await second.explain(() => changedAfter(stage, () => leader.kill()))
  await settled(second)
  stage.prove('after a kill')
  const third = stage.operator('third')
  await third.synced()
  console.log('… the leader is stopped')
  const stopped = await third.explain(() => changedAfter(stage, () => second.stop()))
  await settled(third)
  stage.prove('after a stop')
  await third.stop()
  return table(
    ['another one takes over', 'change in the ConfigMap, s', 'RSS while it waits, MB'],
    [
      ['leader killed', spread([killed]), short(waiting / 1e6)],
      ['leader stopped', spread([stopped]), ''],
    ],
  )
}

async function changedAfter(stage: Stage, end: () => Promise<void>): Promise<number> {
  const { fleet, view } = stage
  const place = fleet.flows.at(-1)!
  const beganAtMs = performance.now()
  await end()
  const { metadata } = await fleet.write(place, `end-${beganAtMs}`)
  const atMs = await view.until(
    'the change in the ConfigMap',
    TAKEN_OVER_SECONDS_MAX,
    () => view.delivered(place)?.generation === metadata.generation,
  )
  return (atMs - beganAtMs) / 1000
}
