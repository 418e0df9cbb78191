import { expect, it } from 'vitest'
import { flow, read, receiver } from '../../test/config/manifests.ts'
import { checkPorts, listenersOf } from './listeners.ts'
import { formatProblem } from './problem.ts'

const at = (bind: string, port: number) =>
  `[{ name: in, avro: { bind: ${JSON.stringify(bind)}, port: ${port} } }]`

it('finds the sources that listen', () => {
  const manifests = read(flow('a', { agent: 'hub' }), receiver('b', 'hub'), receiver('c', 'other'))
  expect(listenersOf(manifests, 'hub')).toMatchObject([
    {
      flow: 'b',
      source: 'in',
      type: 'avro',
      host: '0.0.0.0',
      port: 4141,
      path: ['spec', 'sources', 0, 'avro', 'port'],
    },
  ])
})

function check(first: string, second: string, secondAgent = 'hub'): string[] {
  const manifests = read(
    flow('a', { agent: 'hub', sources: first }),
    flow('b', { agent: secondAgent, sources: second }),
  )
  const agents = [...new Set(['hub', secondAgent])]
  const listeners = agents.flatMap((agent) => listenersOf(manifests, agent))
  return checkPorts(listeners).map(({ problem }) => formatProblem(problem))
}

it('FLM1310: two that listen at the same port, of one agent or of two', () => {
  expect(check(at('0.0.0.0', 1), at('127.0.0.1', 1))).toEqual([
    'f.yaml:14: FLM1310 spec.sources[0].avro.port: port 1 is taken by the avro source a/in. Give one of them another port',
  ])
  expect(check(at('10.0.0.1', 1), at('10.0.0.1', 1), 'edge')).toEqual([
    'f.yaml:14: FLM1310 spec.sources[0].avro.port: port 1 is taken by the avro source a/in of the agent "hub". Give one of them another port',
  ])
  expect(check('[{ name: in, http: { port: 1 } }]', at('::', 1))).toHaveLength(1)
})

it('has nothing against other ports, other addresses and free ports', () => {
  expect(check(at('0.0.0.0', 1), at('0.0.0.0', 2))).toEqual([])
  expect(check(at('127.0.0.1', 1), at('10.0.0.1', 1))).toEqual([])
  expect(check(at('0.0.0.0', 0), at('0.0.0.0', 0))).toEqual([])
})
