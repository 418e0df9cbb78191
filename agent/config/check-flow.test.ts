import { describe, expect, it } from 'vitest'
import { checkFlow } from './check-flow.ts'
import { draftFlow } from './draft.ts'
import { formatPath } from './problem.ts'
import { parseYaml } from './yaml.ts'

interface Parts {
  readonly sources?: string
  readonly channels?: string
  readonly sinks?: string
}

function check({ sources = '', channels = '', sinks = '' }: Parts): string[] {
  const text = `spec:
  sources: ${sources === '' ? '[{ name: in, seq: {} }]' : sources}
  ${channels === '' ? '' : `channels: ${channels}`}
  sinks: ${sinks === '' ? '[{ name: out, null: {} }]' : sinks}
`
  return checkFlow(draftFlow(parseYaml(text).documents[0]!)).map(
    ({ code, path, message }) => `${code} ${formatPath(path)}: ${message}`,
  )
}

const TWO = '[{ name: disk, file: {} }, { name: fast, memory: {} }]'
const BOTH = '[{ name: a, channel: disk, null: {} }, { name: b, channel: fast, null: {} }]'
const routed = (selector: string, more = '') =>
  `[{ name: in, seq: {}, ${more} selector: { ${selector} } }]`

describe('checkFlow', () => {
  it('finds nothing wrong with what may be left out', () => {
    expect(check({})).toEqual([])
    expect(check({ channels: TWO, sinks: BOTH })).toEqual([])
    expect(check({ channels: '[{ name: disk, file: {} }]' })).toEqual([])
    expect(check({ sinks: '[{ name: a, null: {} }, { name: b, null: {} }]' })).toEqual([])
    expect(check({ sinks: '[{ name: out, channel: default, null: {} }]' })).toEqual([])
  })

  it('FLM1204: no type, and more than one', () => {
    expect(check({ sinks: '[{ name: out }]' })).toEqual([
      'FLM1204 spec.sinks[0]: no type of sink is given. Add one of: agent, avro, file, logger, null',
    ])
    expect(check({ sinks: '[{ name: out, file: {}, null: {} }]' })).toEqual([
      'FLM1204 spec.sinks[0].null: file, null are given together. A sink has exactly one type: make it 2 sinks',
    ])
    const sources = '[{ name: in, seq: {}, interceptors: [{}], selector: {} }]'
    expect(check({ sources }).map((each) => each.slice(0, 50))).toEqual([
      'FLM1204 spec.sources[0].interceptors[0]: no type o',
      'FLM1204 spec.sources[0].selector: no type of selec',
    ])
  })

  it('FLM1202: a Service for a source that does not listen', () => {
    expect(check({ sources: '[{ name: in, http: { port: 8080 }, service: {} }]' })).toEqual([])
    expect(check({ sources: '[{ name: in, seq: {}, service: { port: 80 } }]' })).toEqual([
      'FLM1202 spec.sources[0].service: a seq source does not listen, so that a Service would lead nowhere. Remove it',
    ])
  })

  it('leaves a misspelt type to the message about the unknown key', () => {
    expect(check({ sinks: '[{ name: out, fiel: {} }]' })).toEqual([])
  })

  it('FLM1205: a name used twice among sources, channels or sinks, not across them', () => {
    expect(
      check({
        sources: '[{ name: x, seq: {} }, { name: x, seq: {} }]',
        channels: '[{ name: x, file: {} }, { name: x, file: {} }]',
        sinks: '[{ name: x, channel: x, null: {} }, { name: x, channel: x, null: {} }]',
      }).map((each) => each.slice(0, 60)),
    ).toEqual([
      'FLM1205 spec.sources[1].name: the name "x" is used twice amo',
      'FLM1205 spec.channels[1].name: the name "x" is used twice am',
      'FLM1205 spec.sinks[1].name: the name "x" is used twice among',
    ])
  })

  it('FLM1205: a channel given twice in a source', () => {
    const sources = '[{ name: in, seq: {}, channels: [disk, disk, fast] }]'
    expect(check({ sources, channels: TWO, sinks: BOTH })).toEqual([
      'FLM1205 spec.sources[0].channels[1]: the channel "disk" is given twice. Remove one',
    ])
  })

  it('FLM1301: channels that are not there, in a source, a selector and a sink', () => {
    const multiplexing =
      'multiplexing: { mappings: [{ value: a, channels: [dsk], optional: [fats] }], default: [x] }'
    expect(
      check({
        sources: `[{ name: in, seq: {}, channels: [diks] }, { name: two, seq: {}, selector: { ${multiplexing} } }]`,
        channels: TWO,
        sinks: '[{ name: a, channel: dsk, null: {} }]',
      }),
    ).toEqual([
      'FLM1301 spec.sources[0].channels[0]: there is no channel "diks" in the flow. Did you mean "disk"?',
      'FLM1301 spec.sources[1].selector.multiplexing.mappings[0].channels[0]: there is no channel "dsk" in the flow. Did you mean "disk"?',
      'FLM1301 spec.sources[1].selector.multiplexing.mappings[0].optional[0]: there is no channel "fats" in the flow. Did you mean "fast"?',
      'FLM1301 spec.sources[1].selector.multiplexing.default[0]: there is no channel "x" in the flow. Known channels: disk, fast.',
      'FLM1301 spec.sinks[0].channel: there is no channel "dsk" in the flow. Did you mean "disk"?',
    ])
  })

  it('FLM1301: a selector that names a channel its source does not feed', () => {
    const sources = `[{ name: in, seq: {}, channels: [disk], selector: { replicating: { optional: [fast] } } }, { name: two, seq: {} }]`
    expect(check({ sources, channels: TWO, sinks: BOTH })).toEqual([
      `FLM1301 spec.sources[0].selector.replicating.optional[0]: the source does not feed the channel "fast". Add it to the source's channels`,
    ])
  })

  it('FLM1302: a channel that no sink drains, and one that no source feeds', () => {
    expect(check({ channels: TWO, sinks: '[{ name: a, channel: disk, null: {} }]' })).toEqual([
      'FLM1302 spec.channels[1]: no sink drains the channel "fast": it would fill up. Add a sink with this channel, or remove it',
    ])
    const sources = '[{ name: in, seq: {}, channels: [disk] }]'
    expect(check({ sources, channels: TWO, sinks: BOTH })).toEqual([
      `FLM1302 spec.channels[1]: no source feeds the channel "fast". Name it in a source's channels or selector, or remove it`,
    ])
  })

  it('FLM1302: a channel that a multiplexing selector never names gets no events', () => {
    const sources = routed('multiplexing: { default: [disk] }')
    expect(check({ sources, channels: TWO, sinks: BOTH })).toHaveLength(1)
    const all = routed(
      'multiplexing: { mappings: [{ value: x, channels: [fast] }], default: [disk] }',
    )
    expect(check({ sources: all, channels: TWO, sinks: BOTH })).toEqual([])
    const optional = routed('replicating: { optional: [fast] }')
    expect(check({ sources: optional, channels: TWO, sinks: BOTH })).toEqual([])
  })

  it('FLM1303: a sink without a channel where there are several', () => {
    expect(check({ channels: TWO })).toEqual([
      'FLM1303 spec.sinks[0]: the flow has 2 channels, and the sink does not say which it drains. Add "channel" with one of: disk, fast',
    ])
  })

  it('asks nothing about channels whose names are not known', () => {
    expect(
      check({ channels: '[{ file: {} }]', sinks: '[{ name: a, channel: x, null: {} }]' }),
    ).toEqual([])
    expect(
      check({ sources: routed('multiplexing: { header: [] }'), channels: TWO, sinks: BOTH }),
    ).toEqual([])
  })
})
