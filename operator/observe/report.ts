import { z } from 'zod'
import type { PodReport, ReportedBacklog, ReportedFlow } from '../api/live.ts'
import { roundSignificant } from '../api/rounding.ts'

/** Of what an agent says, the part that is read; an older or a newer agent may say more or less. */
const channelSchema = z.object({
  name: z.string(),
  role: z.string().optional(),
  problem: z.string().optional(),
  stats: z
    .object({
      backlogEvents: z.number(),
      backlogBytes: z.number(),
      oldestEventAgeMs: z.number(),
    })
    .optional(),
})
const componentSchema = z.object({ name: z.string(), problem: z.string().optional() })
const statusSchema = z.object({
  agent: z.string(),
  ordinal: z.int(),
  flows: z.array(
    z.object({
      name: z.string(),
      state: z.string(),
      problem: z.string().optional(),
      sources: z.array(componentSchema),
      channels: z.array(channelSchema),
      sinks: z.array(componentSchema),
    }),
  ),
  delivered: z
    .array(
      z.object({
        flow: z.string(),
        hash: z.string(),
        result: z.enum(['applied', 'refused']),
        problems: z.array(z.string()),
        missingSecrets: z.array(z.object({ secret: z.string(), key: z.string() })),
      }),
    )
    .optional(),
})

type Status = z.output<typeof statusSchema>
type FlowPart = Status['flows'][number]

/**
 * What the agent of a pod answered at `nowMs`; undefined where it cannot be understood, or another one has
 * answered: addresses of pods are used again. Never throws.
 */
export function readReport(text: string, pod: string, nowMs: number): PodReport | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  const parsed = statusSchema.safeParse(value)
  if (!parsed.success || `${parsed.data.agent}-${parsed.data.ordinal}` !== pod) return undefined
  return reportOf(parsed.data, nowMs)
}

function reportOf({ flows, delivered = [] }: Status, nowMs: number): PodReport {
  const names = new Set([...flows.map(({ name }) => name), ...delivered.map(({ flow }) => flow)])
  const reported = [...names].toSorted().map((name): ReportedFlow => {
    const given = delivered.find(({ flow }) => flow === name)
    const runs = flows.find((each) => each.name === name)
    return {
      flow: name,
      hash: given?.hash,
      result: given?.result,
      problems: given?.problems ?? [],
      missingSecrets: given?.missingSecrets ?? [],
      failures: runs === undefined ? [] : failuresOf(runs),
      backlog: backlogOf(runs?.channels ?? [], nowMs),
      leftChannels: leftIn(runs?.channels ?? []),
    }
  })
  return { reachable: true, known: true, flows: reported }
}

function failuresOf({ problem, sources, channels, sinks }: FlowPart): string[] {
  const parts = [
    { label: '', problem },
    ...sources.map((each) => ({ label: `source ${each.name}: `, problem: each.problem })),
    ...channels.map((each) => ({ label: `channel ${each.name}: `, problem: each.problem })),
    ...sinks.map((each) => ({ label: `sink ${each.name}: `, problem: each.problem })),
  ]
  return parts.flatMap((part) =>
    part.problem === undefined ? [] : [`${part.label}${part.problem}`],
  )
}

type Channel = z.output<typeof channelSchema>

function backlogOf(channels: readonly Channel[], nowMs: number): ReportedBacklog {
  const stats = channels.flatMap((each) => each.stats ?? [])
  const oldestMs = Math.max(0, ...stats.map(({ oldestEventAgeMs }) => oldestEventAgeMs))
  const events = stats.reduce((sum, each) => sum + each.backlogEvents, 0)
  return {
    events,
    bytes: stats.reduce((sum, each) => sum + each.backlogBytes, 0),
    oldestEventTime: events === 0 ? undefined : toSecond(nowMs - oldestMs),
  }
}

/** Whether it was read a moment earlier or later makes no difference to a time in whole seconds, mostly. */
function toSecond(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** Those that are out of the configuration and that no sink drains. */
function leftIn(channels: readonly Channel[]) {
  return channels
    .filter(({ role, stats }) => role === 'orphaned' && (stats?.backlogEvents ?? 0) > 0)
    .map(({ name, stats }) => ({ name, events: stats!.backlogEvents }))
}

/** Equal for reports that lead to the same status: what waits changes all the time. */
export function gistOf({ reachable, known, flows }: PodReport): string {
  const gist = flows.map(({ backlog, leftChannels, ...flow }) => ({
    ...flow,
    left: leftChannels.map(({ name }) => name),
    events: roundSignificant(backlog.events),
    bytes: roundSignificant(backlog.bytes),
  }))
  return JSON.stringify([reachable, known, gist])
}
