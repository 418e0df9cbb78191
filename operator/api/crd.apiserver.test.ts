import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { dump, loadAll } from 'js-yaml'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestContext } from 'vitest'
import { describeComponents } from '../../agent/config/describe.ts'
import { checkInput } from '../../agent/config/input.ts'
import { readManifests } from '../../agent/config/manifests.ts'
import type { Problem } from '../../agent/config/problem.ts'
import { binaries } from '../../hack/cluster/binaries.ts'
import { startControlPlane } from '../../hack/cluster/control-plane.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { Kubectl } from '../../hack/cluster/kubectl.ts'
import { until } from '../../hack/cluster/until.ts'
import { Rest, problemsOf } from '../../test/apiserver/rest.ts'
import type { Answer } from '../../test/apiserver/rest.ts'
import { hasNull, mutate } from '../../test/apiserver/mutate.ts'
import { RULE_CASES } from '../../test/apiserver/rule-cases.ts'
import { needsControlPlane } from '../../test/cluster/needs.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { boundsCases } from '../../test/apiserver/bounds-cases.ts'
import { API_VERSION } from './constants.ts'
import { customResourceDefinitions } from './crd.ts'
import type { CustomResourceDefinition } from './crd.ts'
import type { ValidationRule } from './structural.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const CRDS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const OBJECTS = `/apis/${API_VERSION}/namespaces/default`

interface Manifest {
  readonly apiVersion: string
  readonly kind: 'FlumeFlow' | 'FlumeAgent'
  readonly metadata: { readonly name: string }
  readonly spec?: unknown
}

let directory: string
let plane: ControlPlane | undefined
let rest: Rest

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'flume-crd-'))
  if (binaries() === undefined) return
  plane = await startControlPlane({ directory })
  rest = await Rest.of(plane.kubeconfig)
  await kubectl().run(['apply', '--server-side', '-f', join(ROOT, 'crds')])
  for (const { metadata } of customResourceDefinitions())
    await kubectl().run(['wait', '--for=condition=Established', `crd/${metadata.name}`])
})

afterAll(async () => {
  await plane?.stop()
  rmSync(directory, { recursive: true })
})

function kubectl(): Kubectl {
  return new Kubectl(join(binaries()!, 'kubectl'), plane!.kubeconfig)
}

/** A test that needs the API server. */
function test(name: string, run: () => Promise<void>): void {
  it(name, async (context: TestContext) => {
    needsControlPlane(context)
    await run()
  })
}

const manifest = (kind: Manifest['kind'], spec: unknown, name = 'test'): Manifest => ({
  apiVersion: API_VERSION,
  kind,
  metadata: { name },
  spec,
})

const pathOf = ({ kind }: Pick<Manifest, 'kind'>): string =>
  `${OBJECTS}/${kind === 'FlumeFlow' ? 'flumeflows' : 'flumeagents'}`

async function dryRun(object: Manifest, fieldValidation = 'Strict'): Promise<Answer> {
  const query = `?dryRun=All&fieldValidation=${fieldValidation}`
  return rest.call('POST', `${pathOf(object)}${query}`, { body: object })
}

async function create(object: Manifest): Promise<void> {
  const answer = await rest.call('POST', pathOf(object), { body: object })
  expect(problemsOf(answer)).toEqual([])
}

async function get(object: Manifest): Promise<Answer['body']> {
  const { body } = await rest.call('GET', `${pathOf(object)}/${object.metadata.name}`)
  return body
}

async function patch(object: Manifest, body: unknown, subresource = ''): Promise<Answer> {
  const path = `${pathOf(object)}/${object.metadata.name}${subresource}`
  return rest.call('PATCH', path, { body, contentType: 'application/merge-patch+json' })
}

/** What `flume validate` finds, where all other agents are known. */
function validate(object: Manifest): readonly Problem[] {
  const file = 'test.yaml'
  return checkInput(
    { ...readManifests({ name: file, text: dump(object) }), names: [file] },
    () => [],
  )
}

describe('the rules', () => {
  for (const { rule, kind, name, bad, good, problems, kubernetesOnly } of RULE_CASES)
    test(rule, async () => {
      const broken = manifest(kind, bad, name)
      expect(problemsOf(await dryRun(broken))).toEqual(problems)
      expect(problemsOf(await dryRun(manifest(kind, good)))).toEqual([])
      expect(validate(manifest(kind, good))).toEqual([])
      if (kubernetesOnly !== true) expect(validate(broken)).not.toEqual([])
    })

  for (const { place, below, above, within, message } of boundsCases())
    test(`${place} is within its bounds`, async () => {
      for (const spec of [below, above])
        if (spec !== undefined)
          expect(problemsOf(await dryRun(manifest('FlumeFlow', spec))).join()).toContain(message)
      expect(problemsOf(await dryRun(manifest('FlumeFlow', within)))).toEqual([])
    })
})

describe('what is valid is taken', () => {
  const texts = [
    ...describeComponents().map(({ kind, type, example }) => [`${kind} ${type}`, example] as const),
    ...readdirSync(join(ROOT, 'examples'), { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.yaml'))
      .map((path) => [path, readFileSync(join(ROOT, 'examples', path), 'utf8')] as const),
  ]
  for (const [name, text] of texts)
    test(name, async () => {
      const objects = (loadAll(text) as Manifest[]).filter(
        ({ apiVersion }) => apiVersion === API_VERSION,
      )
      expect(objects.length).toBeGreaterThan(0)
      for (const object of objects) expect(problemsOf(await dryRun(object))).toEqual([])
    })
})

describe('flume validate and the API server', () => {
  // What CEL cannot see within its budget, or at all: these the agent reports.
  const AGENT_ONLY = new Set(['FLM1301', 'FLM1302', 'FLM1305'])
  const RUNS = 600

  test('refuse the same objects', async () => {
    const random = new SeededRandom(
      Number(process.env['CRD_SEED'] ?? Math.floor(Math.random() * 1e9)),
    )
    const originals = RULE_CASES.flatMap(({ kind, bad, good }) =>
      [bad, good].map((spec) => manifest(kind, spec)),
    )
    let accepted = 0
    for (let run = 0; run < RUNS; run++) {
      const original = random.pick(originals)
      const object = { ...original, spec: mutate(original.spec, random) }
      const refused = problemsOf(await dryRun(object))
      const found = validate(object).filter((each) => !AGENT_ONLY.has(each.code))
      if (refused.length === 0) accepted++
      const said = `CRD_SEED=${random.seed}, run ${run}: ${JSON.stringify(object)}`
      if (found.length === 0 && validate(object).length === 0) expect(refused, said).toEqual([])
      if (refused.length === 0 && !hasNull(object.spec)) expect(found, said).toEqual([])
    }
    expect(accepted).toBeGreaterThan(RUNS / 20)
  })
})

describe('what is stored', () => {
  const flow = manifest(
    'FlumeFlow',
    {
      sources: [{ name: 'in', tail: { files: ['/a'] }, interceptors: [{ timestamp: {} }] }],
      sinks: [{ name: 'out', null: {} }],
    },
    'stored',
  )

  test('a flow is as it was written, without any default', async () => {
    await create(flow)
    expect(await get(flow)).toMatchObject({ spec: flow.spec })
    expect((await get(flow))['spec']).toEqual(flow.spec)
  })

  test('an agent has its defaults, also without a spec', async () => {
    const { spec: _, ...bare } = manifest('FlumeAgent', undefined, 'bare')
    await create(bare)
    const defaults = { replicas: 1, storage: { size: '10Gi' } }
    expect((await get(bare))['spec']).toEqual(defaults)
    const classed = manifest('FlumeAgent', { storage: { storageClassName: 'fast' } }, 'classed')
    await create(classed)
    expect((await get(classed))['spec']).toEqual({
      replicas: 1,
      storage: { size: '10Gi', storageClassName: 'fast' },
    })
  })

  test('what only Kubernetes knows is kept, null and all', async () => {
    const spec = {
      affinity: { podAntiAffinity: { x: [] } },
      tolerations: [{ operator: 'Exists' }],
      podTemplate: { spec: { hostNetwork: null, containers: [{ name: 'agent', tty: true }] } },
    }
    const object = manifest('FlumeAgent', spec, 'kept')
    await create(object)
    expect((await get(object))['spec']).toMatchObject(spec)
  })

  test('custom interceptors keep their configuration', async () => {
    const spec = {
      sources: [
        { name: 'in', seq: {}, interceptors: [{ custom: { module: 'x.js', config: { a: [1] } } }] },
      ],
      channels: [
        { name: 'a', file: {} },
        { name: 'dead', file: {} },
      ],
      sinks: [
        { name: 'out', channel: 'a', logger: {} },
        { name: 'letters', channel: 'dead', logger: {} },
      ],
      deadLetterChannel: 'dead',
    }
    const object = manifest('FlumeFlow', spec, 'custom')
    await create(object)
    expect((await get(object))['spec']).toEqual(spec)
  })
})

describe('unknown fields and values that are no values', () => {
  const misspelt = manifest('FlumeFlow', {
    sources: [{ name: 'in', tail: { files: ['/a'], maxLineSiez: '1Mi' } }],
    sinks: [{ name: 'out', logger: {} }],
  })
  const unknown = 'unknown field "spec.sources[0].tail.maxLineSiez"'

  test('kubectl refuses them, with their path', async () => {
    const apply = kubectl().run(['apply', '--dry-run=server', '-f', '-'], dump(misspelt))
    await expect(apply).rejects.toThrow(`strict decoding error: ${unknown}`)
    expect(problemsOf(await dryRun(misspelt)).join()).toContain(unknown)
  })

  test('a plain request is warned, and they are left out', async () => {
    const { status, warnings, body } = await dryRun(misspelt, 'Warn')
    expect(status).toBe(201)
    expect(warnings.join()).toContain(unknown.replaceAll('"', '\\"'))
    expect(JSON.stringify(body['spec'])).not.toContain('maxLineSiez')
  })

  test('a component without value is told how to be written', async () => {
    const bare = manifest('FlumeFlow', {
      sources: [{ name: 'in', seq: {}, interceptors: [{ timestamp: null }] }],
      sinks: [{ name: 'out', logger: {} }],
    })
    const { body } = await dryRun(bare)
    expect(String(body['message'])).toContain('write "timestamp: {}", not "timestamp:"')
    expect(validate(bare)).not.toEqual([])
  })
})

describe('what cannot change', () => {
  const spec = {
    agentRef: { name: 'hub' },
    sources: [{ name: 'in', seq: {} }],
    channels: [{ name: 'a', file: {} }],
    sinks: [{ name: 'out', logger: {} }],
  }
  const flow = manifest('FlumeFlow', spec, 'fixed')

  test('the pool of a flow', async () => {
    await create(flow)
    const refusal = [
      'spec.agentRef: agentRef cannot change: the backlog stays with its pool. Make a new FlumeFlow and delete this one',
    ]
    for (const agentRef of [{ name: 'other' }, null])
      expect(problemsOf(await patch(flow, { spec: { agentRef } }))).toEqual(refusal)
    expect(problemsOf(await patch(flow, { spec: { agentRef: { name: 'hub' } } }))).toEqual([])
  })

  test('the type of a channel', async () => {
    const channels = [{ name: 'a', memory: {} }]
    expect(problemsOf(await patch(flow, { spec: { channels } }))).toEqual([
      'spec.channels[0]: the type of a channel cannot change: add a channel with a new name and remove this one once it is empty',
    ])
    const replaced = { channels: [{ name: 'b', memory: {} }] }
    expect(problemsOf(await patch(flow, { spec: replaced }))).toEqual([])
  })

  test('the class of a volume, and a size that shrinks', async () => {
    const agent = manifest(
      'FlumeAgent',
      { storage: { size: '10Gi', storageClassName: 'a' } },
      'vol',
    )
    await create(agent)
    const change = async (storage: object): Promise<string[]> =>
      problemsOf(await patch(agent, { spec: { storage } }))
    expect(await change({ size: '9.5Gi' })).toEqual([
      'spec.storage.size: size cannot shrink: Kubernetes volumes only grow',
    ])
    const fixed = [
      'spec.storage.storageClassName: storageClassName cannot change: make a new FlumeAgent',
    ]
    expect(await change({ storageClassName: 'b' })).toEqual(fixed)
    expect(await change({ storageClassName: null })).toEqual(fixed)
    expect(await change({ size: '11Gi' })).toEqual([])
  })
})

test('there is room for four times as many rules', async () => {
  const [, { metadata, spec }] = customResourceDefinitions() as [unknown, CustomResourceDefinition]
  const crowded = structuredClone(spec) as unknown
  repeatRules(crowded, 4)
  const body = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' }
  const answer = await rest.call(
    'PATCH',
    `${CRDS}/${metadata.name}?dryRun=All&force=true&fieldManager=kubectl`,
    {
      body: { ...body, metadata: { name: metadata.name }, spec: crowded },
      contentType: 'application/apply-patch+yaml',
    },
  )
  expect(problemsOf(answer)).toEqual([])
})

/** Each rule again so often, in other words. */
function repeatRules(schema: unknown, times: number): void {
  if (typeof schema !== 'object' || schema === null) return
  const holder = schema as { 'x-kubernetes-validations'?: ValidationRule[] }
  for (const each of Object.values(schema)) repeatRules(each, times)
  const rules = holder['x-kubernetes-validations']
  if (rules === undefined) return
  holder['x-kubernetes-validations'] = rules.flatMap(({ rule, message }) =>
    Array.from({ length: times }, (_, i) => ({
      rule: `(${rule})${' || false'.repeat(i)}`,
      message,
    })),
  )
}

describe('an object that an older definition took', () => {
  const flow = manifest(
    'FlumeFlow',
    { sources: [{ name: 'in', seq: {} }], sinks: [{ name: 'out', channel: 'x', logger: {} }] },
    'older',
  )
  const definition = customResourceDefinitions()[1]!

  const install = async (each: CustomResourceDefinition): Promise<void> => {
    await rest.call('PATCH', `${CRDS}/${each.metadata.name}?force=true&fieldManager=kubectl`, {
      body: each,
      contentType: 'application/apply-patch+yaml',
    })
  }

  test('keeps its labels, status and finalizers, and can be put right', async () => {
    const { versions } = definition.spec
    const { openAPIV3Schema: root } = versions[0].schema
    const { 'x-kubernetes-validations': _, ...spec } = root.properties!['spec']!
    const schema = { openAPIV3Schema: { ...root, properties: { ...root.properties, spec } } }
    await install({
      ...definition,
      spec: { ...definition.spec, versions: [{ ...versions[0], schema }] },
    })
    await until('the older definition is served', 30, async () => {
      const answer = await rest.call('POST', pathOf(flow), { body: flow })
      return answer.status === 201
    })
    await install(definition)
    const edit = { spec: { sinks: [{ name: 'out', channel: 'y', logger: {} }] } }
    const refused = 'spec.sinks: sink "out" names channel "y", which is not in spec.channels'
    await until('the definition is served', 30, async () => {
      const answer = await rest.call('POST', `${pathOf(flow)}?dryRun=All`, {
        body: { ...flow, metadata: { name: 'newer' } },
      })
      return answer.status === 422
    })
    expect(problemsOf(await patch(flow, edit))).toEqual([refused])
    const metadata = { labels: { a: 'b' }, finalizers: ['flume-operator.io/cleanup'] }
    expect(problemsOf(await patch(flow, { metadata }))).toEqual([])
    expect(problemsOf(await patch(flow, { status: { agent: 'older' } }, '/status'))).toEqual([])
    const cure = { spec: { sinks: [{ name: 'out', logger: {} }] } }
    expect(problemsOf(await patch(flow, cure))).toEqual([])
    expect(problemsOf(await patch(flow, { metadata: { finalizers: null } }))).toEqual([])
  })
})

describe('kubectl', () => {
  const explain = async (path: string): Promise<string> => kubectl().run(['explain', path])

  test('explains fields with defaults and bounds', async () => {
    expect(await explain('flumeflow.spec.channels.memory.capacity')).toContain(
      'Events the channel holds at most; sources wait while it is full. (default\n    10000, 1–100000000)',
    )
    expect(await explain('ff.spec.channels.file.capacity')).toContain(
      'Most bytes the channel uses on disk. (size, default 1Gi, at least 8Mi)',
    )
    expect(await explain('ff.spec.sources.tail.startAt')).toMatch(
      /ENUM:\n\s+beginning\n\s+end\n[^]*\(default beginning\)/,
    )
    expect(await explain('fa.spec.storage')).toMatch(/size\s+<string>\n\s+Size of the volume/)
    const source = await explain('ff.spec.sources')
    for (const type of ['tail', 'avro', 'http']) expect(source).toContain(`  ${type}\t<Object>`)
  })

  test('lists both kinds by their category, with what waits', async () => {
    const agent = manifest('FlumeAgent', {}, 'listed')
    await create(agent)
    const backlog = { events: 1200, bytes: 5, oldestEventTime: new Date().toISOString() }
    const time = new Date().toISOString()
    const ready = { type: 'Ready', status: 'True', reason: 'AllReplicasReady', message: 'a' }
    const status = {
      replicas: 1,
      readyReplicas: 1,
      flows: 2,
      selector: 'a=b',
      backlog,
      conditions: [{ ...ready, lastTransitionTime: time, observedGeneration: 1 }],
    }
    expect(problemsOf(await patch(agent, { status }, '/status'))).toEqual([])
    const table = await kubectl().run(['get', 'fa', 'listed'])
    expect(table).toMatch(
      /^NAME\s+READY\s+REPLICAS\s+READY-REPLICAS\s+FLOWS\s+BACKLOG\s+OLDEST\s+AGE\n/,
    )
    expect(table).toMatch(/\nlisted\s+True\s+1\s+1\s+2\s+1200\s+\d+s\s+\d+s\n/)
    expect(await kubectl().run(['get', 'flume', '-o', 'name'])).toMatch(
      /^flumeagent.*\n[^]*flumeflow/,
    )
  })

  test('scales an agent', async () => {
    const agent = manifest('FlumeAgent', {}, 'scaled')
    await create(agent)
    await kubectl().run(['scale', 'fa', 'scaled', '--replicas=3'])
    expect(await get(agent)).toMatchObject({ spec: { replicas: 3 } })
    const tooMany = kubectl().run(['scale', 'fa', 'scaled', '--replicas=101'])
    await expect(tooMany).rejects.toThrow('should be less than or equal to 100')
  })
})
