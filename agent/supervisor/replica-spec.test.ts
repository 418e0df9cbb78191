import { expect, it } from 'vitest'
import { readManifests } from '../config/manifests.ts'
import { toValue } from '../config/node.ts'
import { replicaSpec } from './replica-spec.ts'

const TEXT = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: hub, labels: { 'null': "~", on: "yes" } }
---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  agentRef: { name: hub }
  sources: [{ name: in, seq: &s { batchSize: 0x10 }, interceptors: [{ static: { key: "a\\u2028b" } }] }]
  sinks: [{ name: out, null: {} }]
`

const { manifests } = readManifests({ name: 'f.yaml', text: TEXT })
const place = { name: 'hub-1', ordinal: 1, admin: '127.0.0.1:20001', sources: [] }
const spec = replicaSpec(
  'hub',
  {
    place,
    ports: new Map([['web/in', 20_002]]),
    addresses: new Map([
      ['store', ['127.0.0.1:1', '127.0.0.1:2']],
      ['none', []],
    ]),
    manifests,
  },
  'abc',
  { dataDir: '/d', runArgs: ['--log-level=warn'] },
)

it('says how to run the replica', () => {
  expect(spec.args).toEqual([
    'run',
    '--file=/d/hub-1/manifests.yaml',
    '--agent=hub',
    '--ordinal=1',
    '--data-dir=/d',
    '--admin=127.0.0.1:20001',
    '--port=web/in=20002',
    '--agent-address=store=127.0.0.1:1,127.0.0.1:2',
    '--agent-address=none=',
    '--log-level=warn',
  ])
  expect(spec).toMatchObject({
    directory: '/d/hub-1',
    logFile: '/d/logs/hub-1.log',
    configuration: 'abc',
  })
})

it('has manifests of its own that say the same', () => {
  const read = readManifests({ name: 'g.yaml', text: spec.manifest })
  expect(read.manifests.map(({ root }) => toValue(root))).toEqual(
    manifests.map(({ root }) => toValue(root)),
  )
  expect(read.manifests.flatMap(({ problems }) => problems)).toEqual([])
})
