import { expect, it } from 'vitest'
import { checkSinkGroups } from './check-sink-groups.ts'
import { draftFlow } from './draft.ts'
import { formatPath } from './problem.ts'
import { parseYaml } from './yaml.ts'

const SINKS = '[{ name: a, channel: x, null: {} }, { name: b, channel: x, null: {} }]'

const CHANNELS = 'channels: [{ name: x, file: {} }, { name: y, file: {} }]'

function check(groups: string, sinks = SINKS, channels = CHANNELS): string[] {
  const text = `spec:
  ${channels}
  sinks: ${sinks}
  sinkGroups: ${groups}
`
  return checkSinkGroups(draftFlow(parseYaml(text).documents[0]!)).map(
    ({ code, path, message }) => `${code} ${formatPath(path)}: ${message}`,
  )
}

const failover = (priorities: string) => `failover: { priorities: [${priorities}] }`
const BOTH = failover('{ sink: a, priority: 2 }, { sink: b, priority: 1 }')

it('finds nothing wrong with sinks of one channel, all of them named where that is asked for', () => {
  expect(check(`[{ name: out, sinks: [a, b], ${BOTH} }]`)).toEqual([])
  expect(check(`[{ name: out, sinks: [a, b], loadBalance: {} }]`)).toEqual([])
  expect(
    check(`[{ name: a, sinks: [a], single: {} }, { name: b, sinks: [b], single: {} }]`),
  ).toEqual([])
  const omitted = '[{ name: a, null: {} }, { name: b, null: {} }]'
  expect(check(`[{ name: out, sinks: [a, b], loadBalance: {} }]`, omitted)).toEqual([])
})

it('the channel of a flow that gives none has a name, which a sink may say', () => {
  const sinks = '[{ name: a, channel: default, null: {} }, { name: b, null: {} }]'
  expect(check('[{ name: out, sinks: [a, b], loadBalance: {} }]', sinks, '')).toEqual([])
})

it('FLM1301: sinks that are not there, in the group and in its configuration', () => {
  expect(check(`[{ name: out, sinks: [a, bb], loadBalance: {} }]`)).toEqual([
    'FLM1301 spec.sinkGroups[0].sinks[1]: there is no sink "bb" in the flow. Did you mean "b"?',
  ])
  const other = failover('{ sink: a, priority: 2 }, { sink: c, priority: 1 }')
  expect(check(`[{ name: out, sinks: [a, b], ${other} }]`)).toEqual([
    'FLM1301 spec.sinkGroups[0].failover.priorities[1].sink: the group has no sink "c". Known sinks: a, b.',
  ])
})

it('FLM1311: a sink without a rank in a group that ranks its sinks', () => {
  const sinks = `[{ name: c, channel: x, null: {} }, ${SINKS.slice(1)}`
  expect(check(`[{ name: out, sinks: [a, b, c], ${BOTH} }]`, sinks)).toEqual([
    'FLM1311 spec.sinkGroups[0].failover: the group has sinks that stand nowhere below failover: c. Add them',
  ])
})

it('FLM1311: a sink in two groups, or twice in one', () => {
  expect(
    check(`[{ name: out, sinks: [a, b], loadBalance: {} }, { name: b, sinks: [b], single: {} }]`),
  ).toEqual([
    'FLM1311 spec.sinkGroups[1].sinks[0]: the sink "b" is in the group "out" already. Remove one',
  ])
  expect(check(`[{ name: out, sinks: [a, a], loadBalance: {} }]`)).toEqual([
    'FLM1311 spec.sinkGroups[0].sinks[1]: the sink "a" is in this group already. Remove one',
  ])
})

it('FLM1311: more sinks than the type takes', () => {
  expect(check('[{ name: out, sinks: [a, b], single: {} }]')).toEqual([
    'FLM1311 spec.sinkGroups[0].sinks: a group of type single has one sink and this has 2. Choose another type, or make it 2 groups',
  ])
})

it('FLM1311: sinks of different channels', () => {
  const sinks = '[{ name: a, channel: x, null: {} }, { name: b, channel: y, null: {} }]'
  expect(check('[{ name: out, sinks: [a, b], loadBalance: {} }]', sinks)).toEqual([
    'FLM1311 spec.sinkGroups[0].sinks: the sinks of the group drain 2 channels: x, y. Give them the same channel, as one must be able to stand in for another',
  ])
})

it('FLM1205: a group with the name of a sink that is in no group', () => {
  expect(check('[{ name: b, sinks: [a], single: {} }]')).toEqual([
    'FLM1205 spec.sinkGroups[0].name: the sink "b" is in no group and so is a group of this name itself. Rename one, or add the sink to the group',
  ])
})

it('asks nothing about sinks whose names are not known', () => {
  expect(check('[{ name: out, sinks: [z], loadBalance: {} }]', '[{ null: {} }]')).toEqual([])
})
