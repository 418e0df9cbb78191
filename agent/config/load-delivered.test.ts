import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliveredFlow, filesOf } from '../../test/config/delivered-flows.ts'
import { MountedVolume } from '../../test/config/mounted.ts'
import { writeDelivered } from './delivered.ts'
import { loadDelivered } from './load-delivered.ts'
import type { LoadedFlow } from './load-delivered.ts'
import { formatProblem } from './problem.ts'

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-delivered-'))
})

afterEach(() => rmSync(directory, { recursive: true }))

const load = (): Promise<readonly LoadedFlow[] | undefined> =>
  loadDelivered(directory, { agent: 'hub' })

const loadOne = async (): Promise<LoadedFlow> => (await load())![0]!

const problemsOf = ({ problems }: LoadedFlow): string[] => problems.map(formatProblem)

describe('a directory of delivered flows', () => {
  it('gives the plan of each flow, the same as a manifest gives', async () => {
    MountedVolume.at(directory, filesOf(deliveredFlow('b'), deliveredFlow('a')))
    const flows = (await load())!
    expect(flows.map(({ flow }) => flow)).toEqual(['a', 'b'])
    expect(flows[0]).toMatchObject({
      generation: 1,
      hash: deliveredFlow('a').hash,
      problems: [],
      missingSecrets: [],
      plan: {
        name: 'a',
        sources: [{ name: 'in', type: 'seq', channels: ['default'] }],
        channels: [{ name: 'default', type: 'file' }],
        sinks: [{ name: 'out', type: 'null', channel: 'default' }],
      },
    })
  })

  it('without flows is one with the key of the agent; without that nothing is known', async () => {
    expect(await load()).toBeUndefined()
    const volume = new MountedVolume(directory, filesOf())
    expect(await load()).toEqual([])
    volume.replace({ 'secrets/web/tls.crt': 'x' })
    expect(await load()).toBeUndefined()
    expect(await loadDelivered(join(directory, 'none'), { agent: 'hub' })).toBeUndefined()
  })

  it('that cannot be read rejects', async () => {
    writeFileSync(join(directory, 'file'), '')
    await expect(loadDelivered(join(directory, 'file'), { agent: 'hub' })).rejects.toThrow()
  })

  it('with more flows than an agent takes rejects: none of them is taken for one that is gone', async () => {
    for (let i = 0; i <= 5001; i++) writeFileSync(join(directory, `flow.f${i}.json`), '')
    await expect(load()).rejects.toThrow('it has 5002 files, the most is 5000 flows')
  })

  it('leaves alone what is not of a flow', async () => {
    MountedVolume.at(directory, {
      ...filesOf(deliveredFlow('a')),
      'flow.A.json': '',
      'secrets/s/k': '',
      'README.md': '',
    })
    expect((await load())!.map(({ flow }) => flow)).toEqual(['a'])
  })

  it('may be a plain one', async () => {
    for (const [name, text] of Object.entries(filesOf(deliveredFlow('a'))))
      writeFileSync(join(directory, name), text)
    expect((await loadOne()).plan).toBeDefined()
  })
})

describe('one delivered flow', () => {
  it('with mistakes names them all, with path and cure, and leaves the others alone', async () => {
    const sources = [
      { name: 'in', seq: { totalEvent: 1 } },
      { name: 'in', null: {} },
    ]
    const bad = deliveredFlow('bad', { sources, sinks: [{ name: 'out', channel: 'x', null: {} }] })
    MountedVolume.at(directory, filesOf(bad, deliveredFlow('good')))
    const [refused, good] = (await load())!
    expect(refused).toMatchObject({ plan: undefined, hash: bad.hash })
    expect(problemsOf(refused!)).toEqual([
      expect.stringMatching(
        /^flow\.bad\.json: FLM1203 spec\.sources\[0\]\.seq\.totalEvent: unknown key\. Did you mean "totalEvents"\?$/,
      ),
      expect.stringContaining('FLM1203 spec.sources[1].null: unknown key'),
      expect.stringMatching(/FLM1205 .* is used twice among the sources of the flow\. Give/),
      expect.stringContaining('FLM1301 spec.sinks[0].channel'),
    ])
    expect(good!.plan).toBeDefined()
  })

  it('that cannot be read says so', async () => {
    const wrong = writeDelivered(deliveredFlow('other'))
    MountedVolume.at(directory, {
      'flow.cut.json': '{"formatVersion":1',
      'flow.large.json': ' '.repeat(2 ** 20 + 1),
      'flow.newer.json': '{"formatVersion":2}',
      'flow.wrong.json': wrong,
    })
    mkdirSync(join(directory, '..data', 'flow.directory.json'))
    const flows = (await load())!
    const codes = flows.map(({ flow, problems }) => [flow, problems[0]!.code])
    expect(codes).toEqual([
      ['cut', 'FLM1501'],
      ['directory', 'FLM1101'],
      ['large', 'FLM1101'],
      ['newer', 'FLM1502'],
      ['wrong', 'FLM1501'],
    ])
    for (const { generation, hash } of flows) expect([generation, hash]).toEqual([0, ''])
  })

  it('hands its events to where the operator says', async () => {
    const sinks = [{ name: 'next', agent: { name: 'other' } }]
    const service = { host: 'other-ready.shop.svc', port: 4141 }
    const volume = new MountedVolume(
      directory,
      filesOf(deliveredFlow('a', { sinks }, { hops: { next: service } })),
    )
    expect((await loadOne()).plan!.sinks[0]!.config).toMatchObject({ name: 'other', service })
    volume.replace(filesOf(deliveredFlow('a', { sinks })))
    expect(problemsOf(await loadOne())).toEqual([
      expect.stringContaining('FLM1308 spec.sinks[0].agent.name: where the agent "other"'),
    ])
    const odd = [{ name: 'constructor', agent: { name: 'other' } }]
    volume.replace(filesOf(deliveredFlow('a', { sinks: odd })))
    expect((await loadOne()).problems[0]!.code).toBe('FLM1308')
  })

  it('waits for the keys of Secrets, and is run with their files', async () => {
    const tls = { secretRef: { name: 'web' } }
    const sources = [{ name: 'in', avro: { port: 4141, tls } }]
    const files = filesOf(deliveredFlow('a', { sources }))
    const volume = new MountedVolume(directory, { ...files, 'secrets/web/tls.crt': 'x' })
    const waiting = await loadOne()
    expect(waiting.missingSecrets).toEqual([{ secret: 'web', key: 'tls.key' }])
    expect(problemsOf(waiting)).toEqual([
      'flow.a.json: FLM1503 spec.sources[0].avro.tls: the Secret "web" has no key tls.key, or is not there. The flow waits for it',
    ])
    volume.replace({ ...files, 'secrets/web/tls.crt': 'x', 'secrets/web/tls.key': 'y' })
    const { plan, missingSecrets } = await loadOne()
    expect(missingSecrets).toEqual([])
    expect(plan!.sources[0]!.config).toMatchObject({
      tls: { certificate: join(directory, 'secrets/web/tls.crt') },
    })
  })

  it('is read whole from one version while versions follow each other', async () => {
    const volume = new MountedVolume(directory, filesOf(deliveredFlow('a'), deliveredFlow('b')))
    for (let round = 2; round < 40; round++) {
      const loading = load()
      const options = { generation: round }
      volume.replace(filesOf(deliveredFlow('a', {}, options), deliveredFlow('b', {}, options)))
      const flows = (await loading)!
      expect(flows).toHaveLength(2)
      expect(flows[0]!.generation).toBe(flows[1]!.generation)
      expect(flows.every(({ plan }) => plan !== undefined)).toBe(true)
    }
  })
})
