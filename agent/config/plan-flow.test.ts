import { describe, expect, it } from 'vitest'
import { draftFlow } from './draft.ts'
import { planFlow } from './plan-flow.ts'
import type { Places } from './plan-flow.ts'
import { parseYaml } from './yaml.ts'

const AS_WRITTEN: Places = { port: () => undefined, peers: () => undefined }

const plan = (text: string, places = AS_WRITTEN) =>
  planFlow(draftFlow(parseYaml(text).documents[0]!), places)

const MINIMAL = `
metadata: { name: web }
spec:
  sources: [{ name: in, seq: {} }]
  sinks: [{ name: out, null: {} }]
`

const withSource = (keys: string) => `
metadata: { name: web }
spec:
  sources: [{ name: in, seq: {}, ${keys} }]
  channels: [{ name: a, file: {} }, { name: b, memory: {} }]
  sinks: [{ name: x, channel: a, null: {} }, { name: y, channel: b, null: {} }]
`

const routing = (keys: string) => plan(withSource(keys)).sources[0]!.routing

const byHeader = (header: string) =>
  `selector: { multiplexing: { header: ${header}, mappings: [{ value: v, channels: [a] }], default: [b] } }`

describe('planFlow', () => {
  it('fills in what may be left out', () => {
    expect(plan(MINIMAL)).toEqual({
      name: 'web',
      sources: [
        {
          name: 'in',
          type: 'seq',
          config: { batchSize: 1 },
          interceptors: [],
          selector: { type: 'replicating', config: { optional: [] } },
          channels: ['default'],
          routing: expect.stringMatching(/^[0-9a-f]{16}$/),
        },
      ],
      channels: [{ name: 'default', type: 'file', config: { capacity: 2 ** 30 } }],
      sinks: [{ name: 'out', type: 'null', config: {}, channel: 'default' }],
      sinkGroups: [
        {
          name: 'out',
          type: 'single',
          config: { backoffMin: 500, backoffMax: 30_000 },
          channel: 'default',
          sinks: ['out'],
        },
      ],
      hash: expect.stringMatching(/^[0-9a-f]{16}$/),
    })
  })

  it('feeds all channels, or those that are named in their order', () => {
    expect(plan(withSource('')).sources[0]!.channels).toEqual(['a', 'b'])
    expect(plan(withSource('channels: [b, a]')).sources[0]!.channels).toEqual(['b', 'a'])
  })

  it('hashes what is meant and not how it is written', () => {
    const { hash } = plan(MINIMAL)
    const same = MINIMAL.replace('name: in, seq: {}', 'seq: { batchSize: 1 }, name: in')
    expect(plan(same).hash).toBe(hash)
    expect(plan(MINIMAL.replace('{}', '{ batchSize: 2 }')).hash).not.toBe(hash)
    expect(plan(MINIMAL.replace('name: web', 'name: other')).hash).not.toBe(hash)
  })
})

describe('dead letters', () => {
  const flow = withSource('').replace('spec:', 'spec:\n  deadLetterChannel: b')

  it('have their channel in the plan, which sources feed only where they say so', () => {
    expect(plan(flow).deadLetterChannel).toBe('b')
    expect(plan(flow).sources[0]!.channels).toEqual(['a'])
    const explicit = flow.replace('name: in,', 'name: in, channels: [a, b],')
    expect(plan(explicit).sources[0]!.channels).toEqual(['a', 'b'])
  })

  it('are part of the routing', () => {
    const fed = withSource('channels: [a]')
    const both = fed.replace('spec:', 'spec:\n  deadLetterChannel: b')
    expect(plan(both).sources[0]!.routing).not.toBe(plan(fed).sources[0]!.routing)
  })
})

describe('sink groups', () => {
  const sinks = `
metadata: { name: web }
spec:
  sources: [{ name: in, seq: {} }]
  sinks: [{ name: x, null: {} }, { name: y, null: {} }]
`

  it('are those that are written, and one for each sink beside them', () => {
    const groups = plan(
      `${sinks}  sinkGroups: [{ name: g, sinks: [y], single: { backoffMin: 1s } }]\n`,
    ).sinkGroups
    expect(groups).toEqual([
      {
        name: 'g',
        type: 'single',
        config: { backoffMin: 1000, backoffMax: 30_000 },
        channel: 'default',
        sinks: ['y'],
      },
      expect.objectContaining({ name: 'x', type: 'single', sinks: ['x'] }),
    ])
  })

  it('do not change the plan when there are none', () => {
    expect(plan(`${sinks}  sinkGroups: []\n`)).toEqual(plan(sinks))
  })
})

describe('what a manifest does not say', () => {
  const places: Places = {
    port: (flow, source) => (flow === 'web' && source === 'in' ? 21_000 : undefined),
    peers: (sink) => (sink.name === 'out' ? ['127.0.0.1:4141'] : undefined),
  }

  it('stands in the configurations of the components, and changes the hash of the flow', () => {
    const placed = plan(MINIMAL, places)
    expect(placed.sources[0]!.config).toEqual({ batchSize: 1, port: 21_000 })
    expect(placed.sinks[0]!.config).toEqual({ endpoints: ['127.0.0.1:4141'] })
    expect(placed.sources[0]!.routing).toBe(plan(MINIMAL).sources[0]!.routing)
    expect(placed.hash).not.toBe(plan(MINIMAL).hash)
  })

  it('may be a name that resolves to replicas', () => {
    const service = { host: 'hub-ready.shop.svc', port: 4141 }
    const placed = plan(MINIMAL, { ...places, peers: () => service })
    expect(placed.sinks[0]!.config).toEqual({ service })
  })

  it('are the files of Secrets, without a change of where events go', () => {
    const text = MINIMAL.replace('seq: {}', 'avro: { port: 1, tls: { secretRef: { name: web } } }')
    const secretFile = (secret: string, key: string): string => `/secrets/${secret}/${key}`
    const placed = plan(text, { ...AS_WRITTEN, secretFile })
    const tls = { certificate: '/secrets/web/tls.crt', key: '/secrets/web/tls.key' }
    expect(placed.sources[0]!.config).toMatchObject({ tls })
    expect(placed.sources[0]!.routing).toBe(plan(text).sources[0]!.routing)
    expect(plan(text).sources[0]!.config).toMatchObject({ tls: { secretRef: { name: 'web' } } })
  })
})

describe('the routing of a source', () => {
  it('changes with interceptors, selector and channels, not with the source where all events go the same way', () => {
    const plain = routing('')
    expect(plain).not.toBe('')
    expect(routing('interceptors: []')).toBe(plain)
    expect(routing('interceptors: [{ static: {} }]')).not.toBe(plain)
    expect(routing('channels: [b, a]')).not.toBe(plain)
    expect(routing('selector: { replicating: { optional: [b] } }')).not.toBe(plain)
    expect(plan(withSource('').replace('seq: {}', 'stress: {}')).sources[0]!.routing).toBe(plain)
  })

  it('changes with the source where a header decides, since it may come from there', () => {
    const tail = (key: string) =>
      withSource(byHeader('tier')).replace(
        'seq: {}',
        `tail: { groups: [{ name: g, files: [/x], headers: { tier: ${key} } }] }`,
      )
    const routingOf = (manifest: string) => plan(manifest).sources[0]!.routing
    expect(routingOf(tail('v'))).toBe(routingOf(tail('v')))
    expect(routingOf(tail('v'))).not.toBe(routingOf(tail('w')))
  })

  it('is empty where the selector looks at a header that is not the same when read again', () => {
    const timestamp = 'interceptors: [{ timestamp: { header: when } }]'
    expect(routing(`${timestamp}, ${byHeader('when')}`)).toBe('')
    expect(routing(`${timestamp}, ${byHeader('tier')}`)).not.toBe('')
    expect(routing(timestamp)).not.toBe('')
    expect(routing(`interceptors: [{ host: {} }], ${byHeader('host')}`)).toBe('')
    expect(routing(`interceptors: [{ static: { key: tier } }], ${byHeader('tier')}`)).not.toBe('')
  })
})
