import { describe, expect, it } from 'vitest'
import { agent, flow, read, receiver, sender } from '../../test/config/manifests.ts'
import { findHops } from './hops.ts'
import { formatProblem } from './problem.ts'

function hopsOf(...texts: readonly string[]) {
  const { hops, faults } = findHops(read(...texts), 'edge')
  return {
    hops: hops.map(({ flow: { name }, sink, agent: target, source }) => ({
      from: `${name}/${sink.name}`,
      to: target,
      source: source && `${source.flow}/${source.name} ${source.host}:${source.port}`,
    })),
    problems: faults.map(({ problem }) => formatProblem(problem)),
  }
}

const TWO = [receiver('web', 'hub'), receiver('logs', 'hub', 4142)]

describe('findHops', () => {
  it('finds the only source of an agent', () => {
    expect(hopsOf(sender('edge', 'name: hub'), receiver('collect', 'hub'))).toEqual({
      hops: [{ from: 'edge/out', to: 'hub', source: 'collect/in 0.0.0.0:4141' }],
      problems: [],
    })
    // The agent of a flow without agentRef has its name.
    expect(hopsOf(sender('edge', 'name: hub'), receiver('hub', 'hub')).problems).toEqual([])
  })

  it('finds the source that is named', () => {
    expect(hopsOf(sender('edge', 'name: hub, source: logs/in'), ...TWO).hops).toEqual([
      { from: 'edge/out', to: 'hub', source: 'logs/in 0.0.0.0:4142' },
    ])
  })

  it('leaves an agent that is not in the input to its addresses', () => {
    expect(hopsOf(sender('edge', 'name: far, source: a/b'), receiver('web', 'hub'))).toEqual({
      hops: [{ from: 'edge/out', to: 'far', source: undefined }],
      problems: [],
    })
  })

  it('FLM1307: several sources, or none', () => {
    expect(hopsOf(sender('edge', 'name: hub'), ...TWO).problems).toEqual([
      'f.yaml:7: FLM1307 spec.sinks[0].agent.name: the agent "hub" has 2 avro sources: web/in, logs/in. Choose one with source: web/in',
    ])
    expect(hopsOf(sender('edge', 'name: hub'), agent('hub')).problems).toEqual([
      'f.yaml:7: FLM1307 spec.sinks[0].agent.name: the agent "hub" has no avro source to take the events. Add one to a flow of it',
    ])
    expect(
      hopsOf(sender('edge', 'name: hub'), flow('web', { agent: 'hub' })).problems,
    ).toHaveLength(1)
  })

  it('FLM1307: an agent that would hand events to itself', () => {
    expect(hopsOf(sender('a', 'name: edge', 'edge'), receiver('b', 'edge')).problems).toEqual([
      'f.yaml:7: FLM1307 spec.sinks[0].agent.name: the flow runs in the agent "edge" itself: its events would go round for ever. Name another agent',
    ])
  })

  it('FLM1301: a source that is not there', () => {
    expect(hopsOf(sender('edge', 'name: hub, source: log/in'), ...TWO).problems).toEqual([
      'f.yaml:7: FLM1301 spec.sinks[0].agent.source: the agent "hub" has no avro source "log/in". Did you mean "logs/in"?',
    ])
  })

  it('FLM1312: ends that are configured differently', () => {
    const source = (more: string) =>
      flow('collect', { agent: 'hub', sources: `[{ name: in, avro: { port: 1, ${more} } }]` })
    const tls = 'tls: { certificate: a, key: b }'
    const deflate = 'compression: deflate'
    expect(hopsOf(sender('edge', 'name: hub'), source(`${tls}, ${deflate}`)).problems).toEqual([
      'f.yaml:7: FLM1312 spec.sinks[0].agent.compression: the source collect/in of the agent "hub" has compression deflate. Set compression: deflate here too',
      'f.yaml:7: FLM1312 spec.sinks[0].agent.tls: the source collect/in of the agent "hub" has TLS and this sink has not. Add tls, with the ca to trust',
    ])
    expect(hopsOf(sender('edge', 'name: hub, tls: {}'), source('')).problems).toEqual([
      'f.yaml:7: FLM1312 spec.sinks[0].agent.tls: the source collect/in of the agent "hub" has no TLS. Add tls there, or remove it here',
    ])
    const both = sender('edge', `name: hub, tls: { ca: c }, ${deflate}`)
    expect(hopsOf(both, source(`${tls}, ${deflate}`)).problems).toEqual([])
  })

  it('asks nothing of a sink that has mistakes, or whose agent is not asked for', () => {
    expect(hopsOf(sender('edge', 'nam: hub'))).toEqual({ hops: [], problems: [] })
    expect(hopsOf(sender('other', 'name: edge'))).toEqual({ hops: [], problems: [] })
  })
})
