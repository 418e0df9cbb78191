import { expect, test } from 'vitest'
import { readReport } from './report.ts'

const NOW_MS = Date.UTC(2026, 0, 1)

function channel(name: string, role: string, backlogEvents: number): object {
  const stats = { backlogEvents, backlogBytes: 10 * backlogEvents, oldestEventAgeMs: 1500 }
  return { name, role, stats }
}

function reportOf(channels: readonly object[], sinks: readonly object[]) {
  const status = { flows: [{ name: 'web', state: 'removed', sources: [], channels, sinks }] }
  return readReport(JSON.stringify(status), NOW_MS)!.flows[0]!
}

test('what waits is the sum of all channels; what cannot be understood says nothing', () => {
  const { backlog } = reportOf([channel('a', 'active', 2), channel('b', 'active', 3)], [])
  expect(backlog).toEqual({ events: 5, bytes: 50, oldestEventTime: '2025-12-31T23:59:58Z' })
  expect(readReport('{', NOW_MS)).toBeUndefined()
  expect(readReport('{}', NOW_MS)).toBeUndefined()
})

test('channels out of the configuration are left where no sink drains them, or none that can', () => {
  const channels = [
    channel('kept', 'active', 1),
    channel('empty', 'orphaned', 0),
    channel('orphan', 'orphaned', 2),
    channel('draining', 'retiring', 3),
    channel('stuck', 'retiring', 4),
  ]
  const sinks = [
    { name: 'good', channel: 'draining' },
    { name: 'bad', channel: 'stuck', problem: 'the disk is full' },
  ]
  expect(reportOf(channels, sinks).leftChannels).toEqual([
    { name: 'orphan', events: 2 },
    { name: 'stuck', events: 4 },
  ])
})
