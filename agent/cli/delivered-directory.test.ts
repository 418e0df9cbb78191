import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliveredFlow, filesOf } from '../../test/config/delivered-flows.ts'
import { MountedVolume } from '../../test/config/mounted.ts'
import { agentStatus } from '../../test/cli/status.ts'
import type { FlowStatus } from '../core/status.ts'
import type { Configuration } from './configuration.ts'
import { DeliveredDirectory } from './delivered-directory.ts'

let directory: string
let volume: MountedVolume
let source: DeliveredDirectory

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-delivered-'))
  volume = new MountedVolume(directory, filesOf(deliveredFlow('a'), deliveredFlow('b')))
  source = new DeliveredDirectory(directory, { agent: 'hub' })
})

afterEach(() => rmSync(directory, { recursive: true }))

/** The flows of an agent that runs a configuration, all of it unless a problem is given. */
function flowsOf(
  { plan }: Configuration,
  problems: Readonly<Record<string, string>> = {},
): FlowStatus[] {
  const [like] = agentStatus().flows
  return plan!.flows.map(({ name, hash }) => {
    const problem = problems[name]
    return Object.assign({}, like!, { name, hash: problem === undefined ? hash : 'old', problem })
  })
}

async function apply(): Promise<FlowStatus[]> {
  const flows = flowsOf(await source.load())
  source.applied(flows)
  return flows
}

const BAD = { sinks: [{ name: 'out', nul: {} }] }
const CHANGED = { sources: [{ name: 'in', seq: { totalEvents: 11 } }] }

describe('flows of a delivered directory', () => {
  it('apply one by one, and are shown as applied', async () => {
    const flows = await apply()
    expect(source.delivered(flows)).toEqual(
      ['a', 'b'].map((flow) => {
        const { hash } = deliveredFlow(flow)
        return {
          flow,
          generation: 1,
          hash,
          result: 'applied',
          problems: [],
          missingSecrets: [],
          running: { generation: 1, hash },
        }
      }),
    )
  })

  it('with mistakes go on as they run, and others change', async () => {
    await apply()
    const bad = deliveredFlow('a', BAD, { generation: 2 })
    const changed = deliveredFlow('b', CHANGED, { generation: 2 })
    volume.replace(filesOf(bad, changed))
    const loaded = await source.load()
    expect(loaded.plan!.flows.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(loaded.problems.map(({ code }) => code)).toEqual(['FLM1203'])
    const flows = flowsOf(loaded)
    source.applied(flows)
    expect(source.delivered(flows)).toMatchObject([
      {
        flow: 'a',
        generation: 2,
        hash: bad.hash,
        result: 'refused',
        problems: [expect.stringContaining('flow.a.json: FLM1203')],
        running: { generation: 1, hash: deliveredFlow('a').hash },
      },
      { flow: 'b', generation: 2, hash: changed.hash, result: 'applied' },
    ])
  })

  it('with mistakes from the beginning are held, so that what they have on disk stays', async () => {
    volume.replace(filesOf(deliveredFlow('a', BAD), deliveredFlow('b')))
    const { plan, held } = await source.load()
    expect(plan!.flows.map(({ name }) => name)).toEqual(['b'])
    expect(held!('a')).toMatch(/^FLM1203 /)
    expect(held!('b')).toBeUndefined()
    expect(held!('never-heard-of')).toBeUndefined()
    expect(source.delivered([])[0]).toMatchObject({ result: 'refused', running: undefined })
  })

  it('of which a part cannot be made are shown with the reason', async () => {
    const before = await apply()
    volume.replace(filesOf(deliveredFlow('a', CHANGED, { generation: 2 }), deliveredFlow('b')))
    const loaded = await source.load()
    expect(source.delivered(before)).toMatchObject([
      { flow: 'a', generation: 1, result: 'applied' },
      { flow: 'b', generation: 1, result: 'applied' },
    ])
    const flows = flowsOf(loaded, { a: 'FLM5203 no' })
    source.applied(flows)
    expect(source.delivered(flows)[0]).toMatchObject({
      generation: 2,
      result: 'refused',
      problems: ['FLM5203 no'],
      running: { generation: 1 },
    })
    // What runs is the version before, also when the next one has mistakes.
    volume.replace(filesOf(deliveredFlow('a', BAD, { generation: 3 }), deliveredFlow('b')))
    const [a] = (await source.load()).plan!.flows
    expect(a!.sources[0]!.config).toMatchObject({ totalEvents: 10 })
  })

  it('that were never applied are not shown while they are being applied', async () => {
    const loaded = await source.load()
    expect(source.delivered([])).toEqual([])
    source.applied([])
    expect(source.delivered([])[0]).toMatchObject({ result: 'refused', running: undefined })
    expect(source.delivered(flowsOf(loaded))[0]).toMatchObject({ result: 'applied' })
  })

  it('that are gone are removed', async () => {
    await apply()
    volume.replace(filesOf(deliveredFlow('b')))
    const { plan, held } = await source.load()
    expect(plan!.flows.map(({ name }) => name)).toEqual(['b'])
    expect(held!('a')).toBeUndefined()
    volume.replace(filesOf())
    expect((await source.load()).plan!.flows).toEqual([])
  })

  it('go on when the ConfigMap is gone', async () => {
    const flows = await apply()
    volume.replace({ 'secrets/web/tls.crt': '' })
    const { plan, problems, held } = await source.load()
    expect(plan!.flows.map(({ name }) => name)).toEqual(['a', 'b'])
    expect(problems).toMatchObject([{ code: 'FLM1101' }])
    expect(problems[0]!.message).toContain('Was the ConfigMap deleted?')
    expect(held!('c')).toContain('FLM1101')
    expect(source.delivered(flows)[0]).toMatchObject({ flow: 'a', result: 'applied' })
  })

  it('may be none: an agent waits for them, and removes nothing that it has', async () => {
    volume.replace({})
    const { plan, problems, held } = await source.load()
    expect(plan).toEqual({ name: 'hub', flows: [] })
    expect(problems).toEqual([])
    expect(held!('a')).toContain('FLM1101')
  })

  it('that cannot be read at all are a problem from the beginning', async () => {
    writeFileSync(join(directory, 'file'), '')
    const broken = new DeliveredDirectory(join(directory, 'file'), { agent: 'hub' })
    const { plan, problems } = await broken.load()
    expect(plan!.flows).toEqual([])
    expect(problems).toMatchObject([{ code: 'FLM1101' }])
  })
})

describe('the signature of a delivered directory', () => {
  it('changes when a version is mounted, and not otherwise', async () => {
    const first = await source.signature()
    expect(await source.signature()).toBe(first)
    volume.replace(filesOf(deliveredFlow('a')))
    expect(await source.signature()).not.toBe(first)
  })

  it('changes when a Secret appears that a flow waits for', async () => {
    const secretsDirectory = join(directory, 'elsewhere')
    const mounted = new DeliveredDirectory(directory, { agent: 'hub', secretsDirectory })
    const sources = [{ name: 'in', avro: { port: 1, tls: { secretRef: { name: 'web' } } } }]
    volume.replace(filesOf(deliveredFlow('a', { sources })))
    await mounted.load()
    const waiting = await mounted.signature()
    expect(await mounted.signature()).toBe(waiting)
    MountedVolume.at(join(secretsDirectory, 'web'), { 'tls.crt': 'x' })
    expect(await mounted.signature()).not.toBe(waiting)
  })

  it('follows the files of a plain directory', async () => {
    const plain = mkdtempSync(join(directory, 'plain-'))
    const flows = new DeliveredDirectory(plain, { agent: 'hub' })
    const empty = await flows.signature()
    writeFileSync(join(plain, 'flow.a.json'), '{}')
    const one = await flows.signature()
    writeFileSync(join(plain, 'flow.a.json'), '{ }')
    expect(new Set([empty, one, await flows.signature()]).size).toBe(3)
    const none = new DeliveredDirectory(join(plain, 'none'), { agent: 'hub' })
    expect(await none.signature()).toContain('ENOENT')
  })
})
