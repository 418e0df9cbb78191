import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { agent, documents, flow, receiver, sender } from '../../test/config/manifests.ts'
import { configurationHash } from '../config/configuration-hash.ts'
import { compile } from '../config/compile.ts'
import type { Input } from '../config/input.ts'
import { readManifests } from '../config/manifests.ts'
import { formatProblem } from '../config/problem.ts'
import { planPools } from './pools.ts'
import type { Pool, Pools } from './pools.ts'
import { PortBook } from './port-book.ts'

let directory: string
let ports: PortBook
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-pools-'))
  let next = 0
  ports = PortBook.read(join(directory, 'up.json'), {
    probe: async () => true,
    random: { bytes: (length) => Buffer.alloc(length), number: () => next++ / 12_000 },
  })
})
afterEach(() => rmSync(directory, { recursive: true }))

/** File → its documents. */
type Files = Readonly<Record<string, readonly string[]>>

function inputOf(files: Files): Input {
  const read = Object.entries(files).map(([name, texts]) =>
    readManifests({ name, text: documents(...texts) }),
  )
  return {
    manifests: read.flatMap((each) => each.manifests),
    problems: read.flatMap((each) => each.problems),
    notes: [],
    names: Object.keys(files),
  }
}

async function plan(
  files: Files,
  before: ReadonlyMap<string, Pool> = new Map(),
  addresses: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<Pools> {
  const options = { ports, addresses, dataDir: '/d', runArgs: [] }
  return planPools(inputOf(files), before, options)
}

const summary = ({ pools, kept, refused, problems }: Pools) => ({
  pools: [...pools.values()].flatMap((pool) => pool.specs.map(({ name }) => name)),
  kept,
  refused,
  problems: problems.map((each) => formatProblem(each).slice(0, 60)),
})

const EDGE = { 'edge.yaml': [sender('edge', 'name: hub')] }
const HUB = { 'hub.yaml': [agent('hub', 2), receiver('collect', 'hub')] }
const BROKEN = { 'hub.yaml': [agent('hub', 3), receiver('collect', 'hub').replace('null', 'nul')] }
const ARGUMENT = '--agent-address=hub=127.0.0.1:4141,127.0.0.1:'

describe('planPools', () => {
  it('makes a process for every replica, and tells agents where the others are', async () => {
    const found = await plan({ ...EDGE, ...HUB })
    expect(summary(found)).toEqual({
      pools: ['edge-0', 'hub-0', 'hub-1'],
      kept: [],
      refused: [],
      problems: [],
    })
    const [edge] = found.pools.get('edge')!.specs
    expect(edge!.args).toContain(`${ARGUMENT}20003`)
    const [first, second] = found.pools.get('hub')!.specs
    expect(first!.args.join(' ')).not.toContain('--port')
    expect(second!.args).toContain('--port=collect/in=20003')
  })

  it('knows what each process will call its configuration', async () => {
    const found = await plan({ ...EDGE, ...HUB })
    for (const { agent: name, manifest, configuration, args } of [...found.pools.values()].flatMap(
      (pool) => pool.specs,
    )) {
      // As the process sees it: its own manifests, and the rest from its options.
      const { manifests } = readManifests({ name: 'f.yaml', text: manifest })
      const option = (start: string) =>
        args.find((arg) => arg.startsWith(start))?.slice(start.length)
      const port = option('--port=collect/in=')
      const { plan: own } = compile(manifests, {
        agent: name,
        resolve: () => option('--agent-address=hub=')?.split(','),
        port: () => (port === undefined ? undefined : Number(port)),
      })
      expect(configurationHash(own!)).toBe(configuration)
    }
  })

  it('runs the others where one agent has mistakes, and sends events to where it will be', async () => {
    const found = await plan({ ...EDGE, ...BROKEN })
    expect(summary(found)).toEqual({
      pools: ['edge-0'],
      kept: [],
      refused: ['hub'],
      problems: ['hub.yaml:12: FLM1203 spec.sinks[0].nul: unknown key. Did you'],
    })
    const corrected = await plan({ ...EDGE, ...HUB }, found.pools)
    expect(corrected.pools.get('hub')!.specs[1]!.args.join(' ')).toContain(
      '--port=collect/in=20003',
    )
    expect(found.pools.get('edge')!.specs[0]!.args).toContain(
      '--agent-address=hub=127.0.0.1:4141,127.0.0.1:20003,127.0.0.1:20005',
    )
  })

  it('keeps an agent as it was while it has mistakes, and others that hand events to it', async () => {
    const before = (await plan({ ...EDGE, ...HUB })).pools
    const found = await plan({ ...EDGE, ...BROKEN }, before)
    expect(summary(found)).toMatchObject({ pools: ['edge-0'], kept: ['hub'], refused: [] })
    expect(found.pools.get('edge')!.specs).toEqual(before.get('edge')!.specs)
  })

  it('keeps what may have stood in a file that cannot be read', async () => {
    const mixed = { 'hub.yaml': [agent('hub', 2)], 'flows.yaml': [receiver('collect', 'hub')] }
    const before = (await plan({ ...EDGE, ...mixed })).pools
    // One agent is not complete without the file.
    const part = await plan({ ...EDGE, ...mixed, 'flows.yaml': ['a: [\n'] }, before)
    expect(summary(part)).toMatchObject({ kept: ['edge', 'hub'], refused: [] })
    // Another is not there at all.
    const gone = await plan({ ...HUB, 'edge.yaml': ['a: [\n'] }, before)
    expect(summary(gone)).toMatchObject({ kept: ['edge'], refused: [] })
    // Without mistakes an agent that is not there is not wanted any more.
    expect(summary(await plan(HUB, before))).toMatchObject({ pools: ['hub-0', 'hub-1'], kept: [] })
  })

  it('refuses an agent that hands events to one that is nowhere, unless it is elsewhere', async () => {
    expect(summary(await plan(EDGE))).toMatchObject({ pools: [], refused: ['edge'] })
    const elsewhere = await plan(EDGE, new Map(), new Map([['hub', ['10.0.0.7:4141']]]))
    expect(elsewhere.pools.get('edge')!.specs[0]!.args).toContain(
      '--agent-address=hub=10.0.0.7:4141',
    )
  })

  it('FLM1310: two agents with the same port, of which the later one is refused', async () => {
    const files = { ...HUB, 'x.yaml': [agent('also'), receiver('other', 'also')] }
    expect(summary(await plan(files))).toEqual({
      pools: ['hub-0', 'hub-1'],
      kept: [],
      refused: ['also'],
      problems: ['x.yaml:10: FLM1310 spec.sources[0].avro.port: port 4141 is t'],
    })
    const none = {
      'hub.yaml': [agent('hub', 0), receiver('collect', 'hub')],
      'x.yaml': files['x.yaml'],
    }
    expect(summary(await plan(none))).toMatchObject({ pools: ['also-0'], refused: [] })
  })

  it('tells of an agent without replicas that there is none', async () => {
    const files = { ...EDGE, 'hub.yaml': [agent('hub', 0), receiver('collect', 'hub')] }
    const found = await plan(files)
    expect(found.pools.get('edge')!.specs[0]!.args).toContain('--agent-address=hub=')
  })

  it('changes no process of an agent whose manifests are the same', async () => {
    const before = (await plan({ ...EDGE, ...HUB, 'x.yaml': [flow('other')] })).pools
    const after = (await plan({ ...EDGE, ...HUB })).pools
    expect([...after]).toEqual([...before].filter(([name]) => name !== 'other'))
  })
})

describe('an agent that refers to Secrets', () => {
  const sources = '[{ name: in, avro: { port: 4141, tls: { secretRef: { name: web } } } }]'
  const files = { 'hub.yaml': [flow('collect', { agent: 'hub', sources })] }

  it('is run where the directory of Secrets is known', async () => {
    const options = { ports, addresses: new Map(), dataDir: '/d', runArgs: [] }
    const without = await planPools(inputOf(files), new Map(), options)
    expect(summary(without)).toMatchObject({ pools: [], refused: ['hub'] })
    expect(without.problems[0]!.code).toBe('FLM1313')
    const known = { ...options, secretsDirectory: '/secrets' }
    expect(summary(await planPools(inputOf(files), new Map(), known)).pools).toEqual(['hub-0'])
  })
})
