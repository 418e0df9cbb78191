import { expect, it } from 'vitest'
import { checkAcross } from './across.ts'
import { readManifests } from './manifests.ts'
import { formatProblem } from './problem.ts'

const KIND = 'apiVersion: flume-operator.io/v1alpha1\nkind:'
const agent = (name: string) => `${KIND} FlumeAgent\nmetadata: { name: ${name} }\n`
const flow = (name: string, agentRef?: string) => `${KIND} FlumeFlow
metadata: { name: ${name} }
spec:
  ${agentRef === undefined ? '' : `agentRef: { name: ${agentRef} }`}
  sources: [{ name: in, seq: {} }]
  sinks: [{ name: out, null: {} }]
`

const check = (...documents: string[]) =>
  checkAcross(readManifests({ name: 'f.yaml', text: documents.join('---\n') }).manifests)

it('finds nothing wrong with flows and their agents', () => {
  expect(check(agent('hub'), flow('a', 'hub'), flow('b', 'hub'))).toEqual([])
  expect(check(flow('a', 'elsewhere'), flow('b'))).toEqual([])
})

it('says of which manifest a problem is, so that only its agent is touched', () => {
  const faults = check(
    agent('hub'),
    flow('a', 'hub'),
    flow('b', 'hbu'),
    flow('a', 'hub'),
    flow('hub'),
  )
  expect(faults.map(({ manifest, problem }) => [manifest.agent, formatProblem(problem)])).toEqual([
    [
      'hub',
      'f.yaml:23: FLM1205 metadata.name: the name "a" is used by two FlumeFlow manifests, first at f.yaml:7. Give each a name of its own',
    ],
    [
      'hub',
      'f.yaml:31: FLM1205 metadata.name: a flow without spec.agentRef runs in an agent of its own, named after it, but "hub" is also a FlumeAgent. Add spec.agentRef or rename one',
    ],
    [
      'hbu',
      'f.yaml:17: FLM1301 spec.agentRef.name: there is no FlumeAgent "hbu" in the input. Did you mean "hub"?',
    ],
  ])
})
