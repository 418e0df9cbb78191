import { expect, test } from 'vitest'
import { agentStatus } from '../../test/cli/status.ts'
import type { AgentStatus } from '../core/status.ts'
import { formatStatus } from './status-screen.ts'
import type { Sample } from './status-screen.ts'

const START = Date.parse('2026-01-01T00:00:00.000Z')

const sample = (status: AgentStatus, at: number): Sample => ({
  status,
  at: START + at,
  address: '127.0.0.1:8081',
})

const later = (): AgentStatus => {
  const { flows } = agentStatus()
  const [web] = flows
  const sources = [{ ...web!.sources[0]!, eventsTotal: 22_500 }]
  const sinks = [{ ...web!.sinks[0]!, eventsTotal: 10_000, failuresTotal: 3 }]
  return agentStatus({ sources, sinks })
}

test('what waits comes first, then the rates between two looks, then each part', () => {
  const before = sample(agentStatus(), 191_500)
  expect(formatStatus(before, sample(later(), 192_000))).toBe(
    `agent hub  running for 3 m 12 s  (127.0.0.1:8081, version 1.2.3, configuration abc)
oldest waiting event  2.3 s
backlog               12,345 events, 6.3 MiB
in                    5,000/s
out                   4,690/s
lost                  0
problems              none

flow web  running
  source   in    stress  running  22,500 events  5,000/s
  channel  disk  file    open     12,345 events  6.3 MiB of 1 GiB  oldest 2.3 s
  sink     out   file    running  10,000 events  4,690/s           3 failures
`,
  )
})

test('problems and mistakes of the last reload are listed', () => {
  const status: AgentStatus = {
    ...agentStatus({ state: 'failing', problem: 'FLM5201: no' }),
    lastReload: { at: '2026-01-01T00:00:01.000Z', result: 'refused', errors: ['a.yaml:1: x'] },
  }
  const text = formatStatus(sample(status, 0), sample(status, 1000))
  expect(text).toContain('last reload           refused at 2026-01-01T00:00:01.000Z\n')
  expect(text).toContain('problems\n  flow web: FLM5201: no\n  a.yaml:1: x\n')
})

test('a channel that could not be opened and a counter that went back are shown as they are', () => {
  const [web] = agentStatus().flows
  const channel = { ...web!.channels[0]!, state: 'failing' as const, stats: undefined }
  const status = agentStatus({ channels: [channel] })
  const text = formatStatus(sample(later(), 0), sample(status, 1000))
  expect(text).toMatch(/channel {2}disk {2}file +failing\n/)
  expect(text).toContain('oldest waiting event  none')
  expect(text).toContain('in                    0/s')
})

test('events that were given up are counted beside the failures', () => {
  const [web] = agentStatus().flows
  const sources = [{ ...web!.sources[0]!, deadLettersTotal: 12 }]
  const sinks = [{ ...web!.sinks[0]!, failuresTotal: 1, deadLettersTotal: 1 }]
  const status = sample(agentStatus({ sources, sinks }), 0)
  const text = formatStatus(status, status)
  expect(text).toMatch(/source +in .* 0\/s +12 dead letters\n/)
  expect(text).toMatch(/sink +out .* 0\/s +1 failure, 1 dead letter\n/)
})

test('of the sinks of a group it is said which is used, and when the others are tried again', () => {
  const [out] = agentStatus().flows[0]!.sinks
  const health = { live: false, failures: 2, lastError: 'FLM4201 no' }
  const sinks = [
    { ...out!, name: 'near', health: { ...health, retryInMs: 4000 } },
    { ...out!, name: 'next', health: { ...health, retryInMs: 0 } },
    out!,
    { ...out!, name: 'far', health: { ...health, retryInMs: undefined } },
  ]
  const status = sample(agentStatus({ sinks }), 0)
  const cells = formatStatus(status, status)
    .split('\n')
    .filter((line) => line.startsWith('  sink'))
    .map((line) => line.split('/s')[1]!.trim())
  expect(cells).toEqual([
    'left out in out, tried again in 4 s',
    'left out in out, tried again now',
    'live in out',
    'in reserve in out',
  ])
})

test('delivered flows are counted, and what was refused is listed once', () => {
  const problem = 'flow.a.json: FLM1203 spec.sinks[0].fiel: unknown key. Did you mean "file"?'
  const of = { generation: 2, hash: 'h', missingSecrets: [], running: undefined }
  const status: AgentStatus = {
    ...agentStatus(),
    delivered: [
      { ...of, flow: 'a', result: 'refused', problems: [problem] },
      { ...of, flow: 'web', result: 'applied', problems: [] },
    ],
    lastReload: { at: '2026-01-01T00:00:01.000Z', result: 'refused', errors: [problem] },
  }
  const text = formatStatus(sample(status, 0), sample(status, 1000))
  expect(text).toContain('delivered             2 flows, 1 of them refused in the newest version\n')
  expect(text.split(problem)).toHaveLength(2)
})
