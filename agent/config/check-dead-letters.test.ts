import { expect, it } from 'vitest'
import { checkFlow } from './check-flow.ts'
import { draftFlow } from './draft.ts'
import { formatPath } from './problem.ts'
import { parseYaml } from './yaml.ts'

interface Parts {
  readonly source?: string
  readonly channels?: string
  readonly dead?: string
  readonly sinks?: string
}

const CHANNELS = '[{ name: main, file: {} }, { name: dead, file: {} }]'
const SINKS = '[{ name: a, channel: main, null: {} }, { name: b, channel: dead, null: {} }]'

/** By the whole check of a flow, as dead letters touch on what it says of channels. */
function check({
  source = '',
  channels = CHANNELS,
  dead = 'dead',
  sinks = SINKS,
}: Parts): string[] {
  const text = `spec:
  sources: [{ name: in, seq: {}, ${source} }]
  channels: ${channels}
  sinks: ${sinks}
  ${dead === '' ? '' : `deadLetterChannel: ${dead}`}
`
  return checkFlow(draftFlow(parseYaml(text).documents[0]!)).map(
    ({ code, path, message }) => `${code} ${formatPath(path)}: ${message}`,
  )
}

it('finds nothing wrong with a channel that a sink drains and no source feeds', () => {
  expect(check({})).toEqual([])
  expect(check({ source: 'channels: [main, dead]' })).toEqual([])
  const multiplexing =
    'channels: [main, dead], selector: { multiplexing: { mappings: [{ value: bad, channels: [dead] }], default: [main] } }'
  expect(check({ source: multiplexing })).toEqual([])
})

it('FLM1301: a channel that is not there', () => {
  expect(check({ dead: 'daed' })[0]).toBe(
    'FLM1301 spec.deadLetterChannel: there is no channel "daed" in the flow. Did you mean "dead"?',
  )
})

it('FLM1302: a channel that no sink drains', () => {
  expect(check({ sinks: '[{ name: a, channel: main, null: {} }]' })).toEqual([
    'FLM1302 spec.channels[1]: no sink drains the channel "dead": it would fill up. Add a sink with this channel, or remove it',
  ])
})

it('FLM1309: no channel but this one, and a source that does not say so', () => {
  const only = {
    channels: '[{ name: dead, file: {} }]',
    sinks: '[{ name: b, channel: dead, null: {} }]',
  }
  expect(check(only)).toEqual([
    'FLM1309 spec.sources[0]: the only channel is that of the dead letters, which a source feeds only where it says so. Add a channel, or give the source channels: [dead]',
  ])
  expect(check({ ...only, source: 'channels: [dead]' })).toEqual([])
})

it('FLM1309: a selector for which it is optional', () => {
  const replicating = (optional: string) =>
    `channels: [main, dead], selector: { replicating: { optional: [${optional}] } }`
  expect(check({ source: replicating('dead') })).toEqual([
    'FLM1309 spec.sources[0].selector.replicating.optional[0]: the dead-letter channel "dead" cannot be optional: what it has no room for would be lost. Name it among the required channels, or leave it out',
  ])
  expect(check({ source: replicating('main') })).toEqual([])
})

it('asks nothing about a value that is no name', () => {
  expect(check({ dead: '[dead]' })).toEqual([])
})
