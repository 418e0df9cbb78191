import { expect, test } from 'vitest'
import { ManualClock } from '../../test/sim/clock.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { EventSeries } from './event-series.ts'
import type { Happening } from './event-series.ts'
import type { KubeObject } from './types.ts'

const flow: KubeObject = {
  apiVersion: 'flume-operator.io/v1alpha1',
  kind: 'FlumeFlow',
  metadata: { namespace: 'logs', name: 'web', uid: 'u1', resourceVersion: '7' },
}
const happening: Happening = { type: 'Warning', reason: 'Refused', action: 'Deliver', note: 'no' }

function series(regarding = flow, more: Partial<Happening> = {}) {
  const clock = new ManualClock(0)
  const options = {
    reportingController: 'flume-operator.io/operator',
    reportingInstance: 'operator-0',
    clock,
    random: new SeededRandom(1),
  }
  return { clock, made: new EventSeries(regarding, { ...happening, ...more }, options) }
}

test('an event says what, why, about which object, and when', () => {
  const related = { ...flow, kind: 'FlumeAgent' }
  const event = series(flow, { related }).made.event()
  const { metadata } = event
  expect(metadata.name).toMatch(/^web\.[0-9a-f]{16}$/)
  expect(event).toEqual({
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace: 'logs', name: metadata.name },
    eventTime: '1970-01-01T00:00:00.000000Z',
    ...happening,
    reportingController: 'flume-operator.io/operator',
    reportingInstance: 'operator-0',
    regarding: {
      apiVersion: flow.apiVersion,
      kind: 'FlumeFlow',
      namespace: 'logs',
      name: 'web',
      uid: 'u1',
    },
    related: {
      apiVersion: flow.apiVersion,
      kind: 'FlumeAgent',
      namespace: 'logs',
      name: 'web',
      uid: 'u1',
    },
  })
})

test('repeats are counted, with the time of the last', () => {
  const { made, clock } = series()
  expect(made.event().series).toBeUndefined()
  made.written = 1
  clock.advance(1500)
  made.again(clock)
  expect([made.count, made.isBehind, made.lastAtMs]).toEqual([2, true, 1500])
  expect(made.event()).toMatchObject({
    eventTime: '1970-01-01T00:00:00.000000Z',
    series: { count: 2, lastObservedTime: '1970-01-01T00:00:01.500000Z' },
  })
})

test('what belongs to one series has one key, whatever the version of the object', () => {
  const key = EventSeries.keyOf(flow, happening)
  const newer = { ...flow, metadata: { ...flow.metadata, resourceVersion: '8' } }
  expect(EventSeries.keyOf(newer, happening)).toBe(key)
  expect(EventSeries.keyOf(flow, { ...happening, note: 'another' })).not.toBe(key)
  const recreated = { ...flow, metadata: { ...flow.metadata, uid: 'u2' } }
  expect(EventSeries.keyOf(recreated, happening)).not.toBe(key)
})

test('names and notes fit what the API server takes, and no character is cut in two', () => {
  const long = { ...flow, metadata: { ...flow.metadata, name: 'n'.repeat(253) } }
  expect(series(long).made.event().metadata.name).toHaveLength(253)
  for (const letter of ['x', 'é', '€', '😀']) {
    const note = series(flow, { note: letter.repeat(2000) }).made.event().note
    expect(Buffer.byteLength(note)).toBeLessThanOrEqual(1024)
    expect(Buffer.byteLength(note)).toBeGreaterThan(1015)
    expect(note.replaceAll(letter, '')).toBe('…')
  }
})

test('an event about an object of the cluster has the namespace where those are', () => {
  const node = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'n1' } }
  expect(series(node).made.event().metadata.namespace).toBe('default')
})
