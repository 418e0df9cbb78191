import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { gistOf, readReport } from './report.ts'

const NOW = Date.UTC(2026, 0, 1, 12)
const stats = (backlogEvents: number, oldestEventAgeMs = 0) => ({
  backlogEvents,
  backlogBytes: backlogEvents * 10,
  oldestEventAgeMs,
})
const flow = (more: object = {}) => ({
  name: 'web',
  state: 'running',
  sources: [],
  channels: [],
  sinks: [],
  ...more,
})
const read = (flows: object[], delivered?: object[], agent = 'hub') =>
  readReport(JSON.stringify({ agent, ordinal: 0, flows, delivered }), 'hub-0', NOW)

test('what is delivered, what fails and what waits, flow by flow', () => {
  const missingSecrets = [{ secret: 'a', key: 'b' }]
  const delivered = [
    { flow: 'web', generation: 1, hash: 'h', result: 'applied', problems: [], missingSecrets: [] },
    {
      flow: 'held',
      generation: 1,
      hash: 'i',
      result: 'refused',
      problems: ['FLM1'],
      missingSecrets,
    },
  ]
  const channels = [
    { name: 'a', role: 'active', stats: stats(3, 60_000) },
    { name: 'b', role: 'orphaned', stats: stats(4, 90_000), problem: 'full' },
    { name: 'c', role: 'orphaned', stats: stats(0) },
    { name: 'd', role: 'active' },
  ]
  const sinks = [{ name: 'out', problem: 'FLM4301 x' }]
  const report = read([flow({ channels, sinks, problem: 'old version' })], delivered)!
  expect(report).toMatchObject({ reachable: true, known: true })
  expect(report.flows).toEqual([
    {
      flow: 'held',
      hash: 'i',
      result: 'refused',
      problems: ['FLM1'],
      missingSecrets,
      failures: [],
      backlog: { events: 0, bytes: 0, oldestEventTime: undefined },
      leftChannels: [],
    },
    {
      flow: 'web',
      hash: 'h',
      result: 'applied',
      problems: [],
      missingSecrets: [],
      failures: ['old version', 'channel b: full', 'sink out: FLM4301 x'],
      backlog: { events: 7, bytes: 70, oldestEventTime: '2026-01-01T11:58:30Z' },
      leftChannels: [{ name: 'b', events: 4 }],
    },
  ])
})

test('what another agent says is not believed', () => {
  expect(read([], [], 'other')).toBeUndefined()
})

test('whatever is answered, it is read or not, and nothing fails', () => {
  for (const text of ['', 'null', '[]', '{}', '{"flows":[{}]}'])
    expect(readReport(text, 'hub-0', NOW)).toBeUndefined()
  fc.assert(
    fc.property(fc.json(), (text) => {
      expect(readReport(text, 'hub-0', NOW)).toBeUndefined()
    }),
  )
})

test('the gist is the same when only what waits has moved a little', () => {
  const gist = (events: number, problem?: string) =>
    gistOf(read([flow({ channels: [{ name: 'a', stats: stats(events, events) }], problem })])!)
  expect(gist(12_340)).toBe(gist(12_399))
  expect(gist(12_340)).not.toBe(gist(14_000))
  expect(gist(1)).not.toBe(gist(1, 'x'))
})
