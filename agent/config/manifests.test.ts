import { describe, expect, it } from 'vitest'
import { readManifests } from './manifests.ts'
import { formatProblem } from './problem.ts'

const read = (text: string) => {
  const { problems: others, notes, manifests } = readManifests({ name: 'f.yaml', text })
  const problems = [...others, ...manifests.flatMap((each) => each.problems)].sort(
    (a, b) => a.line - b.line,
  )
  return { problems: problems.map(formatProblem), notes, manifests }
}

const FLOW = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources: [{ name: in, seq: {} }]
  sinks: [{ name: out, null: {} }]
`

describe('readManifests', () => {
  it('reads flows and agents', () => {
    const agent =
      'apiVersion: flume-operator.io/v1alpha1\nkind: FlumeAgent\nmetadata: { name: hub }\n'
    for (const spec of ['', 'spec: {}\n', 'spec: { replicas: 3 }\n']) {
      const { problems, notes, manifests } = read(`${FLOW}---\n${agent}${spec}`)
      expect([problems, notes]).toEqual([[], []])
      expect(manifests.map(({ kind, name }) => [kind, name])).toEqual([
        ['FlumeFlow', 'web'],
        ['FlumeAgent', 'hub'],
      ])
    }
  })

  it('skips empty documents and, with a note, those of others', () => {
    const text = `---\n# nothing\n---\napiVersion: apps/v1\nkind: Deployment\n---\napiVersion: v1\nkind: ConfigMap\n---\n${FLOW}`
    expect(read(text)).toMatchObject({
      problems: [],
      notes: [
        'f.yaml:4: kind Deployment of apps/v1 is not ours: skipped',
        'f.yaml:7: kind ConfigMap of v1 is not ours: skipped',
      ],
      manifests: [{ name: 'web' }],
    })
  })

  it.each([
    ['text', '1: FLM1103 expected a manifest with apiVersion and kind, got "text"'],
    ['- a', '1: FLM1103 expected a manifest with apiVersion and kind, got a list'],
    ['kind: Deployment', '1: FLM1103 apiVersion: a manifest needs apiVersion, a text.'],
    ['apiVersion: 5\nkind: x', '1: FLM1103 apiVersion: a manifest needs apiVersion, a text.'],
    ['apiVersion: v1\nkind: [x]', '2: FLM1103 kind: a manifest needs kind, a text.'],
    [
      FLOW.replace('FlumeFlow', 'FlumeFlwo'),
      '2: FLM1103 kind: unknown kind "FlumeFlwo". Did you mean "FlumeFlow"?',
    ],
    [
      FLOW.replace('FlumeFlow', 'Pipeline'),
      '2: FLM1103 kind: unknown kind "Pipeline". Ours are FlumeFlow and FlumeAgent',
    ],
    [
      FLOW.replace('v1alpha1', 'v1'),
      '1: FLM1103 apiVersion: unknown apiVersion "flume-operator.io/v1". This release knows flume-operator.io/v1alpha1',
    ],
    [FLOW.replace('operator.io', 'operater.io'), '1: FLM1103 apiVersion: unknown apiVersion'],
    [FLOW.replace('flume-operator.io/', ''), '1: FLM1103 apiVersion: unknown apiVersion'],
  ])('reports what is meant to be ours and is not: %j', (text, expected) => {
    const { problems, notes } = read(text)
    expect(notes).toEqual([])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(`f.yaml:${expected}`)
  })

  it('reports in the order of the lines, whatever found the mistake', () => {
    const text = FLOW.replace('seq: {}', 'seq: {}, channels: [nope]')
      .replace('null: {}', 'nul: {}')
      .concat('---\nkind: x\n---\na: [\n')
    expect(read(text).problems.map((each) => each.slice(0, 16))).toEqual([
      'f.yaml:5: FLM130',
      'f.yaml:6: FLM120',
      'f.yaml:8: FLM110',
      'f.yaml:11: FLM11',
    ])
  })

  it('says one thing about a value that YAML could not read', () => {
    expect(read(FLOW.replace('{ name: web }', '{ name: *nope }')).problems).toEqual([
      'f.yaml:3: FLM1102 the alias "*nope" names no anchor "&nope" above it',
    ])
  })

  it('bounds the lists', () => {
    const sinks = Array.from({ length: 33 }, (_, i) => `{ name: s${i}, null: {} }`).join(', ')
    expect(read(FLOW.replace('{ name: out, null: {} }', sinks)).problems).toEqual([
      'f.yaml:6: FLM1202 spec.sinks: expected at most 32 entries, got a list of 33 entries',
    ])
    expect(read(FLOW.replace('[{ name: out, null: {} }]', '[]')).problems).toEqual([
      'f.yaml:6: FLM1202 spec.sinks: expected at least 1 entry, got a list of 0 entries',
    ])
  })

  it('FLM1304: sizes of a component that cannot work together keep their code', () => {
    const channels = '  channels: [{ name: c, file: { capacity: 64Mi, segmentSize: 32Mi } }]\n'
    expect(read(FLOW + channels).problems.map((each) => each.slice(0, 60))).toEqual([
      'f.yaml:7: FLM1304 spec.channels[0].file.segmentSize: a segme',
    ])
  })

  it('accepts names only that are safe as names of directories', () => {
    for (const name of ['..', 'a/b', 'A', "''", 'a'.repeat(64), 'a.b', '5', '-a'])
      expect(read(FLOW.replace('web', name)).problems, name).toHaveLength(1)
  })
})
