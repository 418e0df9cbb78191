import { describe, expect, it } from 'vitest'
import { draftFlow } from './draft.ts'
import { parseYaml } from './yaml.ts'

const draft = (text: string) => draftFlow(parseYaml(text).documents[0]!)

describe('draftFlow', () => {
  it('reads what is there, with defaults inside the components', () => {
    const flow = draft(`
metadata: { name: f }
spec:
  agentRef: { name: hub }
  sources:
    - name: in
      seq: {}
      channels: [c]
      interceptors: [{ timestamp: {} }]
      selector: { replicating: {} }
  channels: [{ name: c, memory: {} }]
  sinks: [{ name: out, channel: c, null: {} }]
`)
    expect(flow).toMatchObject({ name: 'f', agent: 'hub' })
    expect(flow.sources[0]).toMatchObject({
      name: 'in',
      types: ['seq'],
      path: ['spec', 'sources', 0],
      config: { batchSize: 1 },
      channels: ['c'],
      interceptors: [{ types: ['timestamp'], path: ['spec', 'sources', 0, 'interceptors', 0] }],
      selector: { types: ['replicating'], path: ['spec', 'sources', 0, 'selector'] },
    })
    expect(flow.channels).toMatchObject([{ name: 'c', config: { capacity: 10_000 } }])
    expect(flow.sinks).toMatchObject([{ name: 'out', channel: 'c', types: ['null'], config: {} }])
  })

  it('takes what it can from what is wrong', () => {
    const flow = draft(`
metadata: []
spec:
  sources: [5, { name: 7, seq: { batchSize: x }, channels: no, selector: 3, interceptors: {} }]
  channels: {}
  sinks: [{ name: a, file: {}, null: {}, channel: [c], other: 1 }, { name: b }]
`)
    expect(flow).toMatchObject({ name: undefined, agent: undefined, channels: [] })
    expect(flow.sources).toMatchObject([
      {
        name: undefined,
        types: ['seq'],
        config: undefined,
        channels: [undefined],
        interceptors: [],
      },
    ])
    expect(flow.sinks).toMatchObject([
      { types: ['file', 'null'], unknownKeys: true, config: undefined, channel: null },
      { types: [], unknownKeys: false, channel: undefined },
    ])
  })

  it('reads nothing from a document that is nothing', () => {
    expect(draft('[]')).toMatchObject({ sources: [], sinks: [], channels: undefined })
    expect(draft('spec: 5')).toMatchObject({ sources: [], sinks: [], channels: undefined })
  })
})
