import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { ScriptedServer } from '../test/avro/scripted-server.ts'
import { catalog, loader } from './catalog.ts'
import type { CatalogKind } from './catalog.ts'
import { batchOf } from './core/batch.ts'
import type { Batch } from './core/batch.ts'
import type { InterceptorEntry } from './core/component.ts'
import type { ComponentContext } from './core/context.ts'
import type { Logger } from './core/logger.ts'
import { systemClock } from './lib/clock.ts'
import { nodeDisk } from './lib/disk.ts'
import { systemRandom } from './lib/random.ts'

/** What the module of each kind exports. */
const EXPORTS: Readonly<Record<CatalogKind, readonly string[]>> = {
  sources: ['createSource'],
  interceptors: ['createInterceptor'],
  selectors: ['createSelector', 'requiredChannels'],
  channels: ['openChannel'],
  sinkGroups: ['createSinkGroup'],
  sinks: ['createSink'],
}

const LOADS: Readonly<Record<CatalogKind, (type: string) => Promise<unknown>>> = {
  sources: (type) => loader.source(type),
  interceptors: (type) => loader.interceptor(type),
  selectors: (type) => loader.selector(type),
  channels: (type) => loader.channel(type),
  sinkGroups: (type) => loader.sinkGroup(type),
  sinks: (type) => loader.sink(type),
}

interface AnyEntry {
  readonly schema: z.ZodType
  readonly summary: string
  readonly example: unknown
  readonly listens?: unknown
  readonly load: () => Promise<object>
}

const all = (Object.keys(EXPORTS) as CatalogKind[]).flatMap((kind) =>
  Object.entries(catalog[kind] as unknown as Readonly<Record<string, AnyEntry>>).map(
    ([type, entry]) => ({ kind, type, entry }),
  ),
)

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

function contextOf(name: string): ComponentContext {
  return {
    name,
    flow: 'f1',
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log: silent,
  }
}

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'catalog-'))
})

afterEach(async () => {
  await rm(directory, { recursive: true, force: true })
})

/** The example of a component, with its paths moved into a directory of the test and a free port. */
function exampleOf(entry: AnyEntry): unknown {
  const text = JSON.stringify(entry.example).replaceAll(/"\//g, `"${directory}/`)
  const example = JSON.parse(text) as object
  return entry.schema.parse(entry.listens === undefined ? example : { ...example, port: 0 })
}

/**
 * What keeps the event loop alive beyond what was there before. Timers and sockets close in later
 * turns of the event loop, so it waits for them; a leak makes the test run into its own time-out.
 */
async function noneLeft(before: readonly string[]): Promise<void> {
  while (countsAbove(process.getActiveResourcesInfo(), before)) await new Promise(setImmediate)
}

function countsAbove(now: readonly string[], before: readonly string[]): boolean {
  const kinds = new Set(now.filter((kind) => kind !== 'Immediate'))
  const count = (list: readonly string[], kind: string): number =>
    list.filter((each) => each === kind).length
  return [...kinds].some((kind) => count(now, kind) > count(before, kind))
}

describe.each(all)('$kind.$type', ({ kind, type, entry }) => {
  it('says in one sentence what it does', () => {
    expect(entry.summary).toMatch(/^[A-Z].*\.$/s)
  })

  it('describes every field, nested ones too', () => {
    expect(
      undescribed(z.toJSONSchema(entry.schema, { io: 'input', unrepresentable: 'any' })),
    ).toEqual([])
  })

  it('refuses unknown keys', () => {
    const config = { ...(entry.example as object), noSuchKey: 1 }
    expect(entry.schema.safeParse(config).error?.issues).toMatchObject([
      { code: 'unrecognized_keys', keys: ['noSuchKey'] },
    ])
  })

  it('has an example that is valid', () => {
    expect(entry.schema.safeParse(entry.example).error).toBeUndefined()
  })

  it('loads an implementation with the exports of its kind', async () => {
    const module = (await entry.load()) as Readonly<Record<string, unknown>>
    for (const name of EXPORTS[kind]) expect(typeof module[name], name).toBe('function')
  })

  it('is found by the loader', async () => {
    expect(await LOADS[kind](type)).toBe(await entry.load())
  })
})

describe.each(Object.keys(catalog.sources))('source %s', (type) => {
  const entry = catalog.sources[type as keyof typeof catalog.sources] as unknown as AnyEntry

  it('stops without start, and twice', async () => {
    const source = (await loader.source(type)).createSource(exampleOf(entry))
    await source.stop()
    await source.stop()
  })

  it('starts, tells its status, stops, and leaves nothing open', async () => {
    const module = await loader.source(type)
    const before = process.getActiveResourcesInfo()
    const source = module.createSource(exampleOf(entry))
    await source.start({
      ...contextOf('in'),
      emit: () => ({ accepted: Promise.resolve(), safe: Promise.resolve() }),
      positions: () => new Map(),
      fail: (error) => expect.unreachable(error.message),
      dropped: () => {},
      eventBytesMax: 2 ** 20,
    })
    expect(JSON.parse(JSON.stringify(source.status?.() ?? {}))).toBeTypeOf('object')
    await source.stop()
    await source.stop()
    await noneLeft(before)
  })
})

/** What sinks that send over the network are told of where the server of the test listens. */
const TARGETS: Readonly<Record<string, (server: ScriptedServer) => object>> = {
  agent: ({ address }) => ({ endpoints: [address] }),
  avro: ({ port }) => ({ host: '127.0.0.1', port }),
}

describe.each(Object.keys(catalog.sinks))('sink %s', (type) => {
  const entry = catalog.sinks[type as keyof typeof catalog.sinks] as unknown as AnyEntry
  const configFor = (server: ScriptedServer): unknown => ({
    ...(exampleOf(entry) as object),
    ...TARGETS[type]?.(server),
  })

  it('stops without start, and twice', async () => {
    const sink = (await loader.sink(type)).createSink(configFor(new ScriptedServer()))
    expect(sink.writesMax).toBeGreaterThanOrEqual(1)
    await sink.stop()
    await sink.stop()
  })

  it('starts, writes, stops, and leaves nothing open', async () => {
    const module = await loader.sink(type)
    const server = await ScriptedServer.listening()
    const before = process.getActiveResourcesInfo()
    const sink = module.createSink(configFor(server))
    await sink.start({ ...contextOf('out'), state: undefined, saveState: async () => {} })
    const batch = batchOf([{ body: Buffer.from('a'), headers: { host: 'h' } }])
    const ids = { stream: 'c', first: 0 }
    const state = await sink.write(
      [{ ...batch, ids, appendedAtMs: 0 }],
      new AbortController().signal,
    )
    expect(state?.length ?? 0).toBeLessThanOrEqual(64 * 1024)
    expect(JSON.parse(JSON.stringify(sink.status?.() ?? {}))).toBeTypeOf('object')
    await sink.stop()
    await sink.stop()
    await noneLeft(before)
    await server.kill()
  })
})

describe.each(Object.keys(catalog.channels))('channel %s', (type) => {
  const entry = catalog.channels[type as keyof typeof catalog.channels] as unknown as AnyEntry

  it('opens, closes twice, opens again, and leaves nothing open', async () => {
    const module = await loader.channel(type)
    const before = process.getActiveResourcesInfo()
    for (let i = 0; i < 2; i++) {
      const context = { ...contextOf('c1'), directory: join(directory, 'c1') }
      const channel = await module.openChannel(exampleOf(entry), context)
      await channel.close()
      await channel.close()
    }
    await noneLeft(before)
  })
})

/** The example of an interceptor, with what it names outside of the manifest. */
async function resolved(entry: AnyEntry): Promise<unknown> {
  const config = exampleOf(entry)
  const { resolve } = entry as Partial<InterceptorEntry<z.ZodType>>
  if (resolve === undefined) return config
  const pluginsDirectory = join(import.meta.dirname, '..', 'examples', 'plugins', 'plugins')
  const result = await resolve(config, { pluginsDirectory, flow: 'f1', source: 'in' })
  if ('config' in result) return result.config
  return expect.unreachable(result.problems[0]!.message)
}

describe.each(Object.keys(catalog.interceptors))('interceptor %s', (type) => {
  const entry = catalog.interceptors[
    type as keyof typeof catalog.interceptors
  ] as unknown as AnyEntry

  it('keeps the origin of a batch, and takes one without events', async () => {
    const module = await loader.interceptor(type)
    const intercept = await module.createInterceptor(await resolved(entry), contextOf('in'))
    const offsets = Float64Array.of(1)
    const origin = { stream: 's', from: 0, to: 5, offsets, memo: 'm', routing: '' }
    const kept = (batch: Batch): Batch => {
      const result = intercept(batch)
      return 'deadLetters' in result ? result.batch : result
    }
    const result = kept(batchOf([{ body: Buffer.from('a') }], origin))
    expect(result.origin).toMatchObject({ stream: 's', from: 0, to: 5, memo: 'm' })
    expect(kept(batchOf([])).count).toBe(0)
  })
})

describe('the loader', () => {
  it('names a type that is not in the catalog', async () => {
    await expect(loader.sink('nosuch')).rejects.toMatchObject({ code: 'FLM9001' })
    await expect(loader.sink('toString')).rejects.toMatchObject({ code: 'FLM9001' })
  })
})

type JsonSchema = z.core.JSONSchema.BaseSchema

/** Paths of properties without a description. */
function undescribed(schema: JsonSchema, path = ''): string[] {
  const missing: string[] = []
  for (const [key, each] of Object.entries(schema.properties ?? {})) {
    if (typeof each === 'boolean') continue
    if (each.description?.endsWith('.') !== true) missing.push(`${path}${key}`)
    missing.push(...undescribed(each, `${path}${key}.`))
  }
  const inner = [schema.items, schema.additionalProperties, ...(schema.anyOf ?? [])].flat()
  for (const each of inner) {
    if (typeof each === 'object') missing.push(...undescribed(each, path))
  }
  return missing
}
