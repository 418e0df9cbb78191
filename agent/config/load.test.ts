import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { documents, receiver, sender } from '../../test/config/manifests.ts'
import { loadAgents, loadConfiguration } from './load.ts'
import { formatCount, formatProblem } from './problem.ts'

const TESTDATA = join(import.meta.dirname, 'testdata')

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-load-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const flow = (name: string, agent?: string) => `---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: ${name} }
spec:
  ${agent === undefined ? '' : `agentRef: { name: ${agent} }`}
  sources: [{ name: in, seq: {} }]
  sinks: [{ name: out, null: {} }]
`

const agent = (name: string) => `---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: ${name} }
`

/** Writes `texts` to a.yaml, b.yaml, … and loads the directory. */
async function load(texts: readonly string[], options: { agent?: string } = {}) {
  for (const [i, text] of texts.entries())
    writeFileSync(join(directory, `${String.fromCodePoint(97 + i)}.yaml`), text)
  const { plan, problems, notes } = await loadConfiguration([directory], options)
  return {
    flows: plan && [plan.name, ...plan.flows.map((each) => each.name)],
    problems: problems.map((problem) => formatProblem(problem).replaceAll(`${directory}/`, '')),
    notes,
  }
}

describe('loadConfiguration', () => {
  it('gives five mistakes five messages with their lines', async () => {
    const { plan, problems, notes } = await loadConfiguration([
      join(TESTDATA, 'five-mistakes.yaml'),
    ])
    expect(plan).toBeUndefined()
    expect(notes).toHaveLength(1)
    const lines = [...problems.map(formatProblem), formatCount(problems)]
    const text = `${lines.join('\n')}\n`.replaceAll(`${TESTDATA}/`, '')
    expect(text).toBe(readFileSync(join(TESTDATA, 'five-mistakes.txt'), 'utf8'))
  })

  it('gives mistakes between agents their messages', async () => {
    const { problems } = await loadConfiguration([join(TESTDATA, 'across-agents.yaml')])
    const lines = [...problems.map(formatProblem), formatCount(problems)]
    const text = `${lines.join('\n')}\n`.replaceAll(`${TESTDATA}/`, '')
    expect(text).toBe(readFileSync(join(TESTDATA, 'across-agents.txt'), 'utf8'))
  })

  it('takes addresses and ports from where it is called', async () => {
    writeFileSync(
      join(directory, 'a.yaml'),
      documents(sender('edge', 'name: hub'), receiver('collect', 'hub')),
    )
    const loadFor = (options: Parameters<typeof loadConfiguration>[1]) =>
      loadConfiguration([directory], options)
    expect((await loadFor({ agent: 'edge' })).problems.map((each) => each.code)).toEqual([
      'FLM1308',
    ])
    const addresses = new Map([['hub', ['10.0.0.7:4141']]])
    const { plan } = await loadFor({ agent: 'edge', addresses })
    expect(plan!.flows[0]!.sinks[0]!.config).toMatchObject({ endpoints: ['10.0.0.7:4141'] })
    const hub = await loadFor({ agent: 'hub', ports: new Map([['collect/in', 0]]) })
    expect(hub.plan!.flows[0]!.sources[0]!.config).toMatchObject({ port: 0 })
    expect(hub.listeners).toEqual(['collect/in'])
  })

  it('makes the plan of a full manifest', async () => {
    const { plan, problems } = await loadConfiguration([join(TESTDATA, 'full.yaml')])
    expect(problems).toEqual([])
    const expected = JSON.parse(readFileSync(join(TESTDATA, 'full.plan.json'), 'utf8')) as unknown
    // What the schemas of the components say is their tests' matter.
    const own = JSON.stringify(plan, (key, value: unknown) =>
      ['config', 'hash', 'routing'].includes(key) ? undefined : value,
    )
    expect(JSON.parse(own)).toEqual(expected)
  })

  it('joins the files of a directory, with the mistakes of all of them in order', async () => {
    expect(await load([flow('one', 'hub'), flow('two', 'hub')])).toEqual({
      flows: ['hub', 'one', 'two'],
      problems: [],
      notes: [],
    })
    const bad = flow('x').replace('seq', 'seqq')
    const { problems } = await load([bad, flow('one'), `${bad}---\na: {\n`])
    expect(problems.map((each) => each.slice(0, 16))).toEqual([
      'a.yaml:7: FLM120',
      'c.yaml:4: FLM120',
      'c.yaml:7: FLM120',
      'c.yaml:11: FLM11',
    ])
  })

  it('runs a flow without agentRef in an agent of its own', async () => {
    expect((await load([flow('web')])).flows).toEqual(['web', 'web'])
  })

  it('takes an agent from elsewhere where the input has none, and needs it where it has', async () => {
    expect((await load([flow('web', 'hub')])).flows).toEqual(['hub', 'web'])
    expect((await load([flow('web', 'hbu') + agent('hub')])).problems).toEqual([
      'a.yaml:6: FLM1301 spec.agentRef.name: there is no FlumeAgent "hbu" in the input. Did you mean "hub"?',
    ])
    expect((await load([flow('web', 'hub') + agent('hub')])).flows).toEqual(['hub', 'web'])
  })

  it('loads an agent that has no flows yet', async () => {
    expect((await load([agent('hub')])).flows).toEqual(['hub'])
  })

  it('FLM1205: two flows or two agents of one name, in two files', async () => {
    expect((await load([flow('web'), flow('web')])).problems).toEqual([
      'b.yaml:4: FLM1205 metadata.name: the name "web" is used by two FlumeFlow manifests, first at a.yaml:4. Give each a name of its own',
    ])
    expect((await load([agent('hub'), agent('hub')])).problems).toHaveLength(1)
  })

  it('FLM1205: a flow whose own agent has the name of a FlumeAgent', async () => {
    const { problems } = await load([flow('hub') + agent('hub')])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('a.yaml:4: FLM1205 metadata.name: a flow without spec.agentRef')
    expect((await load([flow('hub', 'hub') + agent('hub')])).problems).toEqual([])
  })

  it('FLM1306: wants to know which of several agents, and knows their names', async () => {
    const texts = [flow('one') + flow('two') + flow('three', 'two')]
    expect((await load(texts)).problems).toEqual([
      'FLM1306 the input defines 2 agents: one, two. Choose one with --agent NAME',
    ])
    expect((await load(texts, { agent: 'two' })).flows).toEqual(['two', 'two', 'three'])
    expect((await load(texts, { agent: 'tow' })).problems).toEqual([
      'FLM1306 the input defines no agent "tow". Did you mean "two"?',
    ])
  })

  it('FLM1306: says when there is no agent at all', async () => {
    const { problems, notes } = await load(['apiVersion: v1\nkind: Secret\n'])
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain('FLM1306 the input defines no agent: it has no FlumeFlow')
    expect(notes).toHaveLength(1)
  })

  it('FLM1101: reports a path that is not there, before what is in the others', async () => {
    const path = join(directory, 'a.yaml')
    writeFileSync(path, 'x')
    const { problems } = await loadConfiguration([path, join(directory, 'none')])
    expect(problems.map((problem) => problem.code)).toEqual(['FLM1101', 'FLM1103'])
  })
})

describe('loadAgents', () => {
  it('makes the plans of all agents, by name', async () => {
    writeFileSync(join(directory, 'a.yaml'), flow('two') + flow('one') + agent('hub'))
    const { agents } = await loadAgents([directory])
    expect(agents.map((each) => each.name)).toEqual(['hub', 'one', 'two'])
  })
})
