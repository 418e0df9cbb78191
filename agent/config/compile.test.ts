import { describe, expect, it } from 'vitest'
import { agent, flow, read, receiver, sender } from '../../test/config/manifests.ts'
import { agentsOf, compile, inOrder, replicasOf } from './compile.ts'
import type { CompileOptions } from './compile.ts'
import { formatProblem } from './problem.ts'

const EDGE = sender('edge', 'name: hub')
const OTHER = flow('other', { agent: 'edge' })
const INPUT = [EDGE, OTHER, receiver('collect', 'hub'), agent('hub', 2), agent('edge')]
const ALL = read(sender('send', 'name: hub', 'edge'), OTHER, receiver('collect', 'hub'))

const given =
  (...addresses: string[]): CompileOptions['resolve'] =>
  () =>
    addresses

function planOf(resolve: CompileOptions['resolve'], port?: CompileOptions['port']) {
  const { plan, problems } = compile(ALL, {
    agent: 'edge',
    resolve,
    ...(port === undefined ? {} : { port }),
  })
  expect(problems).toEqual([])
  return plan!
}

const problemsOf = (manifests: ReturnType<typeof read>, name: string) =>
  compile(manifests, { agent: name, resolve: () => undefined }).problems.map(formatProblem)

describe('compile', () => {
  it('makes the same plan with what only Kubernetes reads, and without it', () => {
    const plan = (service: string, spec: string) =>
      compile(
        read(
          `apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: hub }
spec: { replicas: 2 ${spec} }
---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  agentRef: { name: hub }
  sources: [{ name: in, http: { port: 8080 } ${service} }]
  sinks: [{ name: out, logger: {} }]`,
        ),
        { agent: 'hub', resolve: () => undefined },
      )
    const bare = plan('', '')
    expect(bare.problems).toEqual([])
    expect(
      plan(
        ', service: { type: NodePort, port: 80 }',
        ', image: other, storage: { size: 1Gi }, podTemplate: { spec: { hostNetwork: true } }',
      ),
    ).toEqual(bare)
  })

  it('puts the addresses of the other agent into the plan', () => {
    const asked: unknown[] = []
    const plan = planOf((name, source) => {
      asked.push(name, source)
      return ['10.0.0.1:4141', '10.0.0.2:4141']
    })
    expect(asked).toEqual([
      'hub',
      expect.objectContaining({ flow: 'collect', name: 'in', host: '0.0.0.0', port: 4141 }),
    ])
    expect(plan.name).toBe('edge')
    expect(plan.flows.map((each) => each.name)).toEqual(['send', 'other'])
    expect(plan.flows[0]!.sinks[0]!.config).toMatchObject({
      name: 'hub',
      endpoints: ['10.0.0.1:4141', '10.0.0.2:4141'],
    })
  })

  it('changes the hash of the flow whose addresses change, and no other', () => {
    const [one, two] = [planOf(given('a:1')), planOf(given('a:1', 'b:1'))]
    expect(one.flows[0]!.hash).not.toBe(two.flows[0]!.hash)
    expect(one.flows[1]).toEqual(two.flows[1])
    expect(one.flows[0]!.sources).toEqual(two.flows[0]!.sources)
    expect(planOf(given('a:1'))).toEqual(one)
  })

  it('takes an agent without replicas at present', () => {
    expect(planOf(given()).flows[0]!.sinks[0]!.config).toMatchObject({ endpoints: [] })
  })

  it('puts another port into a listening source', () => {
    const { plan } = compile(ALL, {
      agent: 'hub',
      resolve: given(),
      port: (flowName, source) => (`${flowName}/${source}` === 'collect/in' ? 21_000 : undefined),
    })
    expect(plan!.flows[0]!.sources[0]!.config).toMatchObject({ port: 21_000, bind: '0.0.0.0' })
  })

  it('FLM1308: says which option gives the addresses', () => {
    expect(problemsOf(ALL, 'edge')).toEqual([
      'f.yaml:7: FLM1308 spec.sinks[0].agent.name: where the replicas of the agent "hub" listen is not known. Give their addresses: --agent-address hub=HOST:4141[,HOST:4141]',
    ])
  })

  it('FLM1301: an agent that is not there, and what to do if it is elsewhere', () => {
    const manifests = read(sender('edge', 'name: hbu'), receiver('collect', 'hub'))
    expect(problemsOf(manifests, 'edge')).toEqual([
      'f.yaml:7: FLM1301 spec.sinks[0].agent.name: there is no agent "hbu" in the input. Did you mean "hub"? If it runs elsewhere, give its addresses: --agent-address hbu=HOST:PORT[,HOST:PORT]',
    ])
    expect(
      compile(manifests, { agent: 'edge', resolve: given('far:1') }).plan!.flows[0]!.sinks[0]!
        .config,
    ).toMatchObject({ endpoints: ['far:1'] })
  })

  it('FLM1306: an agent that nobody defines', () => {
    expect(problemsOf(ALL, 'hubb')).toEqual([
      'FLM1306 the input defines no agent "hubb". Did you mean "hub"?',
    ])
  })

  it('reports what concerns the agent, whatever is wrong with the others', () => {
    const bad = flow('bad', { agent: 'hub', sinks: '[{ name: out, nul: {} }]' })
    const manifests = read(bad, flow('good', { agent: 'edge' }), bad)
    expect(problemsOf(manifests, 'edge')).toEqual([])
    expect(problemsOf(manifests, 'hub').map((each) => each.slice(0, 16))).toEqual([
      'f.yaml:7: FLM120',
      'f.yaml:19: FLM12',
      'f.yaml:23: FLM12',
    ])
  })

  it('FLM1310: two sources of the agent at one port', () => {
    const manifests = read(receiver('a', 'hub'), receiver('b', 'hub'))
    expect(problemsOf(manifests, 'hub')).toHaveLength(1)
  })
})

describe('what manifests define', () => {
  it('is agents, each with replicas', () => {
    const manifests = read(...INPUT)
    expect(agentsOf(manifests)).toEqual(['edge', 'hub'])
    expect(replicasOf(manifests, 'hub')).toBe(2)
    expect(replicasOf(manifests, 'edge')).toBe(1)
    expect(replicasOf(manifests, 'nobody')).toBe(1)
  })
})

it('sorts problems by file and line', () => {
  const at = (file: string, line: number) =>
    ({ code: 'FLM1101', file, line, path: '', message: '' }) as const
  const sorted = inOrder(['b', 'a'], [at('a', 1), at('b', 2), at('b', 1), at('gone', 9)])
  expect(sorted.map(({ file, line }) => file + line)).toEqual(['gone9', 'b1', 'b2', 'a1'])
})
