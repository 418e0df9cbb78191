import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  DELIVERED_AGENT_KEY,
  deliver,
  deliveredData,
  deliveredKey,
  flowOfKey,
  readDelivered,
  writeDelivered,
} from './delivered.ts'

const MANIFEST = {
  metadata: { name: 'web-logs', uid: 'not delivered' },
  spec: { sources: [{ name: 'in', avro: { port: 4141 } }], sinks: [{ name: 'out', null: {} }] },
}
const HOPS = { out: { host: 'hub-ready.shop.svc', port: 4141 } }

function problemOf(text: string): { readonly code: string; readonly message: string } {
  const read = readDelivered(text)
  if (!('problem' in read)) throw new Error('it was read')
  return read.problem
}

describe('a delivered flow', () => {
  it('is read as it was written, with the name alone of the metadata', () => {
    const flow = deliver(MANIFEST, { generation: 7, hops: HOPS })
    expect(readDelivered(writeDelivered(flow))).toEqual({ flow })
    expect(flow.manifest.metadata).toEqual({ name: 'web-logs' })
    expect(writeDelivered(flow)).toMatchInlineSnapshot(
      `"{"flow":"web-logs","formatVersion":1,"generation":7,"hash":"4fc15c9920abee54","hops":{"out":{"host":"hub-ready.shop.svc","port":4141}},"manifest":{"apiVersion":"flume-operator.io/v1alpha1","kind":"FlumeFlow","metadata":{"name":"web-logs"},"spec":{"sinks":[{"name":"out","null":{}}],"sources":[{"avro":{"port":4141},"name":"in"}]}}}"`,
    )
  })

  it('has a hash of what an agent acts on, whatever the order of keys', () => {
    const { hash } = deliver(MANIFEST, { generation: 1, hops: HOPS })
    const { sources, sinks } = MANIFEST.spec
    const turned = { ...MANIFEST, spec: { sinks, sources } }
    expect(deliver(turned, { generation: 2, hops: HOPS }).hash).toBe(hash)
    expect(deliver(MANIFEST, { generation: 1, hops: {} }).hash).not.toBe(hash)
    const other = { ...MANIFEST, spec: { ...MANIFEST.spec, sinks: [] } }
    expect(deliver(other, { generation: 1, hops: HOPS }).hash).not.toBe(hash)
  })

  it('of a newer format is refused by name', () => {
    const newer = { ...deliver(MANIFEST, { generation: 1, hops: {} }), formatVersion: 2 }
    expect(problemOf(JSON.stringify(newer))).toEqual({
      code: 'FLM1502',
      message: expect.stringContaining('in format 2, and this agent knows 1'),
    })
  })

  it('whose text is cut, changed or of another shape is refused', () => {
    const text = writeDelivered(deliver(MANIFEST, { generation: 1, hops: HOPS }))
    expect(problemOf(text.slice(0, -1)).message).toContain('not JSON')
    expect(problemOf(text.replace('4141', '4142')).message).toContain('its hash is')
    expect(problemOf(text.replace('"flow":"web-logs"', '"flow":"other"')).message).toContain(
      'of another flow',
    )
    expect(problemOf(text.replace('"generation":1', '"generation":"1"')).message).toContain(
      'generation',
    )
    for (const none of ['', 'null', '7', '[]', '{}']) expect(problemOf(none).code).toBe('FLM1501')
    const deep = text.replace('"spec":{', `"spec":{"x":${'['.repeat(9999)}${']'.repeat(9999)},`)
    expect(problemOf(deep).message).toContain('deep')
  })

  it('never throws, whatever stands there', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => 'problem' in readDelivered(text)),
    )
  })
})

describe('the ConfigMap of an agent', () => {
  it('has a key for each flow and one that says that it is there', () => {
    const data = deliveredData('hub', [deliver(MANIFEST, { generation: 1, hops: {} })])
    expect(Object.keys(data)).toEqual([DELIVERED_AGENT_KEY, 'flow.web-logs.json'])
    expect(data[DELIVERED_AGENT_KEY]).toBe('{"agent":"hub","formatVersion":1}')
    expect(flowOfKey(deliveredKey('web-logs'))).toBe('web-logs')
    for (const key of [DELIVERED_AGENT_KEY, 'flow..json', 'flow.A.json', 'flow.a.yaml', '..data'])
      expect(flowOfKey(key)).toBeUndefined()
  })
})
