import { describe, expect, test } from 'vitest'
import { flowPlan } from '../../test/sim/flow-parts.ts'
import type { FlowShape } from '../../test/sim/flow-parts.ts'
import { diffFlow, groupsOf } from './flow-diff.ts'

const running = (shape: FlowShape) => {
  const plan = flowPlan(shape)
  return { sources: plan.sources, channels: plan.channels, groups: groupsOf(plan) }
}
const names = (items: readonly { name?: string; group?: { name: string } }[]) =>
  items.map(({ name, group }) => name ?? group!.name)

function diff(before: FlowShape, after: FlowShape | undefined) {
  const found = diffFlow(running(before), after && flowPlan(after))
  return {
    stop: [...found.stopSources, ...found.stopGroups],
    open: [...names(found.openChannels), ...names(found.reopenChannels)],
    leave: found.leaveChannels,
    start: [...names(found.startSources), ...names(found.startGroups)],
  }
}

const two: FlowShape = {
  channels: [{ name: 'c' }, { name: 'd' }],
  sources: [{ channels: ['c'] }],
  sinks: [{}, { name: 'out2', channel: 'd' }],
}

describe('what a reload touches', () => {
  test('nothing when nothing differs', () => {
    expect(diff(two, two)).toEqual({ stop: [], open: [], leave: [], start: [] })
  })

  test('a changed source alone', () => {
    const after = { ...two, sources: [{ channels: ['c'], config: { name: 'x' } }] }
    expect(diff(two, after)).toEqual({ stop: ['in'], open: [], leave: [], start: ['in'] })
  })

  test('a channel with other settings, and all that uses it', () => {
    const after = { ...two, channels: [{ name: 'c', config: { more: 1 } }, { name: 'd' }] }
    expect(diff(two, after)).toEqual({
      stop: ['in', 'out'],
      open: ['c'],
      leave: [],
      start: ['in', 'out'],
    })
  })

  test('a channel that leaves keeps the sinks that leave with it', () => {
    const after = { ...two, channels: [{ name: 'c' }], sinks: [{}] }
    expect(diff(two, after)).toEqual({ stop: [], open: [], leave: ['d'], start: [] })
  })

  test('a channel that leaves loses a sink that goes on elsewhere', () => {
    const after = { ...two, channels: [{ name: 'c' }], sinks: [{}, { name: 'out2', channel: 'c' }] }
    expect(diff(two, after)).toEqual({
      stop: ['out2'],
      open: [],
      leave: ['d'],
      start: ['out2'],
    })
  })

  test('a removed flow stops its sources and leaves its channels to their sinks', () => {
    expect(diff(two, undefined)).toEqual({ stop: ['in'], open: [], leave: ['c', 'd'], start: [] })
  })

  test('another type under the same name is told apart', () => {
    const after = flowPlan({ ...two, channels: [{ name: 'c', type: 'memory' }, { name: 'd' }] })
    expect(names(diffFlow(running(two), after).retypedChannels)).toEqual(['c'])
  })
})
