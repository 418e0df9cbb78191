import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { AgentStatus } from '../../agent/core/status.ts'
import type { FlumeProcess } from '../../test/cli/flume.ts'
import { Workbench, until } from '../../test/cli/flume.ts'
interface CardEvent {
  readonly headers: Record<string, string>
  readonly body: Buffer
}

interface MaskCards {
  readonly schema: {
    readonly '~standard': {
      readonly validate: (config: object) => { issues?: unknown[]; value?: unknown }
    }
  }
  readonly create: (config: object, context: object) => (event: CardEvent) => CardEvent
}

const HERE = import.meta.dirname
const { create, schema } = (await import(join(HERE, 'plugins', 'mask-cards.js'))) as MaskCards
const silence = (): void => {}
const log = { debug: silence, info: silence, warn: silence, error: silence }

describe('the module by itself', () => {
  const mask = create({ field: 'card', keep: 4 }, { flow: 'f', source: 'in', log })
  const masked = (body: unknown) => {
    const event = { headers: { host: 'h' }, body: Buffer.from(JSON.stringify(body)) }
    const result = mask(event)
    return { headers: result.headers, body: JSON.parse(result.body.toString()) as unknown }
  }

  test('masks all digits but the last four, and marks the event', () => {
    expect(masked({ card: '4111 1111 1111 1234', amount: 5 })).toEqual({
      headers: { host: 'h', masked: 'yes' },
      body: { card: '**** **** **** 1234', amount: 5 },
    })
  })

  test('leaves events without a card alone', () => {
    expect(masked({ amount: 5 })).toEqual({ headers: { host: 'h' }, body: { amount: 5 } })
  })

  test('throws on what is no JSON', () => {
    expect(() => mask({ headers: {}, body: Buffer.from('no') })).toThrow('is not valid JSON')
  })

  test('checks its configuration', () => {
    const { validate } = schema['~standard']
    expect(validate({})).toEqual({ value: { field: 'card', keep: 4 } })
    expect(validate({ field: 1, keep: 9, x: 0 }).issues).toHaveLength(3)
  })
})

describe('the manifest with the agent', () => {
  let bench: Workbench

  beforeEach(() => {
    bench = new Workbench()
    mkdirSync(bench.path('in'))
    mkdirSync(bench.path('plugins'))
    const text = readFileSync(join(HERE, 'flow.yaml'), 'utf8')
    writeFileSync(bench.path('flow.yaml'), text.replaceAll('/tmp/flume-plugins', bench.directory))
    writePlugin((module) => module)
  })

  afterEach(() => bench.clean())

  function writePlugin(change: (module: string) => string): void {
    const module = readFileSync(join(HERE, 'plugins', 'mask-cards.js'), 'utf8')
    writeFileSync(bench.path('plugins', 'mask-cards.js'), change(module))
  }

  const linesIn = (name: string): string[] => {
    const directory = bench.path(name)
    if (!existsSync(directory)) return []
    const files = readdirSync(directory).sort()
    return files
      .flatMap((file) => readFileSync(join(directory, file), 'utf8').split('\n'))
      .filter((line) => line !== '')
  }
  const count = (name: string, lines: number): Promise<true> =>
    until(`${lines} lines in ${name}`, () => (linesIn(name).length === lines ? true : undefined))
  const reloaded = (agent: FlumeProcess, result: string): Promise<AgentStatus> =>
    until(`a reload that is ${result}`, async () => {
      const status = JSON.parse((await agent.ask('/status')).body) as AgentStatus
      return status.lastReload?.result === result ? status : undefined
    })

  test('one line in a thousand is no JSON: exactly those are dead letters, with the reason', async () => {
    const lines = Array.from({ length: 10_000 }, (_, i) =>
      i % 1000 === 500 ? `no JSON ${i}` : JSON.stringify({ card: '4111111111111234', i }),
    )
    writeFileSync(bench.path('in', 'a.log'), `${lines.join('\n')}\n`)
    const agent = bench.run(bench.path('flow.yaml'))
    await count('out', 9990)
    await count('rejects', 10)
    expect(linesIn('out').every((line) => line.startsWith('{"card":"************1234"'))).toBe(true)
    const rejects = linesIn('rejects').map(
      (line) => JSON.parse(line) as { body: string; headers: Record<string, string> },
    )
    expect(rejects.map(({ body }) => body)).toEqual(lines.filter((line) => line.startsWith('no')))
    expect(rejects[3]!.headers).toMatchObject({
      'flume.deadLetter.component': 'interceptor custom of source log',
      'flume.deadLetter.reason': expect.stringContaining(`"no JSON 3500" is not valid JSON`),
      'flume.deadLetter.attempts': '1',
    })
    expect((await agent.ask('/metrics')).body).toContain(
      'flume_dead_letter_events_total{flow="payments",component="interceptor custom of source log",reason="threw"} 10',
    )
  })

  test('a changed module is taken in by itself; a broken one changes nothing', async () => {
    const agent = bench.run(bench.path('flow.yaml'))
    const append = (line: string): void =>
      writeFileSync(bench.path('in', 'a.log'), `${line}\n`, { flag: 'a' })
    append('{"card":"1111"}')
    await count('out', 1)

    writePlugin((module) => module.replace(`: '*'`, `: '#'`))
    await reloaded(agent, 'applied')
    append('{"card":"22222"}')
    await count('out', 2)

    writePlugin((module) => `${module}\n(`)
    const { lastReload } = await reloaded(agent, 'refused')
    expect(lastReload!.errors).toEqual([
      expect.stringMatching(/flow\.yaml:\d+: FLM1401 .*mask-cards\.js .* has a syntax error/),
    ])
    append('{"card":"33333"}')
    await count('out', 3)
    expect(linesIn('out')).toEqual(['{"card":"1111"}', '{"card":"#2222"}', '{"card":"#3333"}'])
  })
})
