import { currentProblems } from '../admin/readiness.ts'
import type { AgentStatus, ChannelStatus, FlowStatus, SinkStatus } from '../core/status.ts'
import { formatBytes, formatCountOf, formatDuration, formatNumber, formatRate } from './format.ts'
import { totalsOf } from './totals.ts'

/** One look at an agent. */
export interface Sample {
  readonly status: AgentStatus
  readonly address: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/**
 * The status on one screen: what waits and for how long first, then how fast it goes, what is wrong,
 * and the parts of each flow. Rates are those between the two samples. Pure.
 */
export function formatStatus(previous: Sample, current: Sample): string {
  const { status } = current
  const seconds = Math.max(0.001, (current.at - previous.at) / 1000)
  const before = countersOf(previous.status)
  const rateOf = (key: string, total: number): string =>
    // A counter that went back belongs to a component that was made anew.
    formatRate(Math.max(0, total - (before.get(key) ?? total)) / seconds)
  const lines = [...summary(current, rateOf), ...problems(status)]
  for (const flow of status.flows) lines.push('', ...flowLines(flow, rateOf))
  return `${lines.join('\n')}\n`
}

type RateOf = (key: string, total: number) => string

function summary({ status, address, at }: Sample, rateOf: RateOf): string[] {
  const { backlogEvents, backlogBytes, lostEvents, inEvents, outEvents } = totalsOf(status)
  const upMs = Math.max(0, at - Date.parse(status.startedAt))
  const waiting = `${formatCountOf(backlogEvents, 'event')}, ${formatBytes(backlogBytes)}`
  return [
    `agent ${status.agent}  ${status.state} for ${formatDuration(upMs)}  (${address}, version ${status.version}, configuration ${status.configuration})`,
    `oldest waiting event  ${backlogEvents === 0 ? 'none' : formatDuration(status.oldestEventAgeMs)}`,
    `backlog               ${waiting}`,
    `in                    ${rateOf(IN, inEvents)}`,
    `out                   ${rateOf(OUT, outEvents)}`,
    `lost                  ${formatNumber(lostEvents)}`,
    ...deliveredLines(status),
    ...reloadLines(status),
  ]
}

function deliveredLines({ delivered }: AgentStatus): string[] {
  if (delivered === undefined) return []
  const refused = delivered.filter(({ result }) => result === 'refused').length
  const of = refused === 0 ? '' : `, ${refused} of them refused in the newest version`
  return [`delivered             ${formatCountOf(delivered.length, 'flow')}${of}`]
}

function reloadLines({ lastReload }: AgentStatus): string[] {
  if (lastReload === undefined) return []
  return [`last reload           ${lastReload.result} at ${lastReload.at}`]
}

function problems(status: AgentStatus): string[] {
  const refused = new Set(status.delivered?.flatMap((each) => each.problems))
  const reload = (status.lastReload?.errors ?? []).filter((each) => !refused.has(each))
  const all = [...currentProblems(status), ...reload]
  if (all.length === 0) return ['problems              none']
  return ['problems', ...all.map((problem) => `  ${problem}`)]
}

function flowLines(flow: FlowStatus, rateOf: RateOf): string[] {
  const rows = [
    ...flow.sources.map((each) => [
      'source',
      each.name,
      each.type,
      each.state,
      formatCountOf(each.eventsTotal, 'event'),
      rateOf(sourceKey(flow, each), each.eventsTotal),
      troubleCell(0, each.deadLettersTotal),
    ]),
    ...flow.channels.map((each) => ['channel', each.name, each.type, ...channelCells(each)]),
    ...flow.sinks.map((each) => [
      'sink',
      each.name,
      each.type,
      each.state,
      formatCountOf(each.eventsTotal, 'event'),
      rateOf(sinkKey(flow, each), each.eventsTotal),
      troubleCell(each.failuresTotal, each.deadLettersTotal),
      groupCell(flow, each),
    ]),
  ]
  return [`flow ${flow.name}  ${flow.state}`, ...table(rows)]
}

/** `2 failures, 1 dead letter`: what went wrong since the start, and what was given up. */
function troubleCell(failures: number, deadLetters: number): string {
  const parts = [
    failures === 0 ? [] : formatCountOf(failures, 'failure'),
    deadLetters === 0 ? [] : formatCountOf(deadLetters, 'dead letter'),
  ]
  return parts.flat().join(', ')
}

/** What a sink is to its group, where that has several: which one is used, and why not the others. */
function groupCell(flow: FlowStatus, { group, health }: SinkStatus): string {
  if (flow.sinks.filter((each) => each.group === group).length === 1) return ''
  if (health.live) return `live in ${group}`
  if (health.retryInMs === undefined) return `in reserve in ${group}`
  const when = health.retryInMs === 0 ? 'now' : `in ${formatDuration(health.retryInMs)}`
  return `left out in ${group}, tried again ${when}`
}

function channelCells({ state, role, stats }: ChannelStatus): string[] {
  const shown = role === 'active' ? (stats?.state ?? state) : role
  if (stats === undefined) return [shown]
  const { backlogEvents, backlogBytes, capacityBytes, oldestEventAgeMs } = stats
  const of = capacityBytes === undefined ? '' : ` of ${formatBytes(capacityBytes)}`
  return [
    shown,
    formatCountOf(backlogEvents, 'event'),
    `${formatBytes(backlogBytes)}${of}`,
    backlogEvents === 0 ? '' : `oldest ${formatDuration(oldestEventAgeMs)}`,
  ]
}

/** Rows with their columns aligned, indented by two. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows.map((row) =>
    `  ${row.map((cell, i) => cell.padEnd(widths[i]!)).join('  ')}`.trimEnd(),
  )
}

const IN = 'in'
const OUT = 'out'

function countersOf(status: AgentStatus): ReadonlyMap<string, number> {
  const { inEvents, outEvents } = totalsOf(status)
  const totals = new Map([
    [IN, inEvents],
    [OUT, outEvents],
  ])
  for (const flow of status.flows) {
    for (const each of flow.sources) totals.set(sourceKey(flow, each), each.eventsTotal)
    for (const each of flow.sinks) totals.set(sinkKey(flow, each), each.eventsTotal)
  }
  return totals
}

function sourceKey(flow: FlowStatus, { name }: { readonly name: string }): string {
  return `source ${flow.name} ${name}`
}

function sinkKey(flow: FlowStatus, { name }: { readonly name: string }): string {
  return `sink ${flow.name} ${name}`
}
