import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { dump, loadAll } from 'js-yaml'
import { describe, expect, it } from 'vitest'
import type { FlowPlan } from '../core/plan.ts'
import { agentsOf, compile } from './compile.ts'
import { checkInput } from './input.ts'
import { readManifests } from './manifests.ts'
import { toValue } from './node.ts'
import { parseYaml } from './yaml.ts'

/*
 * Whatever stands in a file: a list of problems with lines inside the text, or a plan. Never an
 * exception, and never a plan that has holes.
 */

const FULL = readFileSync(join(import.meta.dirname, 'testdata', 'full.yaml'), 'utf8')
const DOCUMENTS = loadAll(FULL)
const RUNS = 300

function checkText(text: string): 'plan' | 'problems' {
  const read = readManifests({ name: 'x.yaml', text })
  const { manifests } = read
  const lines = text.split(/\r\n|\n|\r/).length
  const input = { ...read, names: ['x.yaml'] }
  const problems = checkInput(input, () => [])
  for (const problem of problems) {
    expect(problem.line).toBeGreaterThanOrEqual(1)
    expect(problem.line).toBeLessThanOrEqual(lines)
    expect(problem.message).not.toMatch(/undefined|\[object|\p{Cc}|NaN/u)
  }
  if (problems.length > 0) return 'problems'
  for (const agent of agentsOf(manifests)) {
    const { plan } = compile(manifests, { agent, resolve: () => [] })
    for (const flow of plan!.flows) checkPlan(flow)
  }
  return 'plan'
}

function checkPlan(plan: FlowPlan): void {
  for (const each of [...plan.sources, ...plan.channels, ...plan.sinks, ...plan.sinkGroups]) {
    expect([typeof each.name, typeof each.type, typeof each.config]).toEqual([
      'string',
      'string',
      'object',
    ])
  }
  const names = plan.channels.map((channel) => channel.name)
  for (const sink of plan.sinks) expect(names).toContain(sink.channel)
  for (const source of plan.sources)
    for (const channel of source.channels) expect(names).toContain(channel)
  expect(names).toContain(plan.deadLetterChannel ?? names[0])
  // Each sink is in one group.
  expect(plan.sinkGroups.flatMap((group) => group.sinks).sort()).toEqual(
    plan.sinks.map((sink) => sink.name).sort(),
  )
}

/** Every place in plain data, as a path. */
function placesOf(value: unknown, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  const steps = Array.isArray(value) ? [...value.keys()] : Object.keys(value)
  return [
    path,
    ...steps.flatMap((step) => placesOf((value as Record<string, unknown>)[step], [...path, step])),
  ]
}

type Mutation = (parent: Record<string, unknown>, step: string) => void

const strange = fc.oneof(
  fc.constantFrom<unknown>(null, '', ' ', 0, -1, 1.5, Infinity, true, [], {}, [[]], [null], 'null'),
  fc.constantFrom<unknown>(
    'disk',
    'fast',
    '../..',
    '10Gi',
    '5m',
    '(a)\\1',
    '[',
    '\u0000',
    '\uFEFF',
  ),
  fc.string(),
  fc.jsonValue({ maxDepth: 4 }),
)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.constant<Mutation>((parent, step) => delete parent[step]),
  strange.map<Mutation>((value) => (parent, step) => (parent[step] = structuredClone(value))),
  fc.tuple(fc.string(), strange).map<Mutation>(([key, value]) => (parent, step) => {
    const target = parent[step]
    if (Array.isArray(target)) target.push(structuredClone(value))
    else if (typeof target === 'object' && target !== null)
      Object.defineProperty(target, key, { value, enumerable: true, configurable: true })
  }),
  fc
    .constantFrom('file', 'channel', 'channels', 'seq', 'null', 'name', '__proto__', 'constructor')
    .chain((key) =>
      strange.map<Mutation>((value) => (parent) => {
        if (!Array.isArray(parent))
          Object.defineProperty(parent, key, {
            value,
            enumerable: true,
            configurable: true,
            writable: true,
          })
      }),
    ),
)

describe('bad input', () => {
  it('is reported when parts of a manifest are removed, replaced or added', () => {
    const seen = { plan: 0, problems: 0 }
    const places = placesOf(DOCUMENTS).filter((path) => path.length > 0)
    const changes = fc.array(fc.tuple(fc.nat(), mutation), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(changes, (list) => {
        const documents = structuredClone(DOCUMENTS)
        for (const [at, change] of list) {
          const path = places[at % places.length]!
          let parent: unknown = documents
          for (const step of path.slice(0, -1)) parent = (parent as never)?.[step]
          if (typeof parent !== 'object' || parent === null) continue
          change(parent as Record<string, unknown>, String(path.at(-1)))
        }
        const text = documents
          .map((each) => `---\n${dump(each, { skipInvalid: true, noRefs: true })}`)
          .join('')
        seen[checkText(text)]++
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    )
    expect(seen.problems).toBeGreaterThan(RUNS / 2)
  })

  it('is reported when the text is cut, spliced or has strange bytes', () => {
    const pieces = fc.oneof(
      fc.constantFrom(
        '\0',
        '\uFEFF',
        '\r\n',
        '\r',
        '\t',
        '---\n',
        '...\n',
        '%YAML 1.2\n',
        '%TAG ! x\n',
      ),
      fc.constantFrom(
        '&a ',
        '*a',
        '!!str ',
        '!x ',
        '!<x> ',
        '? ',
        ': ',
        '- ',
        '{',
        '}',
        '[',
        ']',
        '<<: ',
      ),
      fc.constantFrom('|\n', '>-\n', '"', "'", '#', '@', '`', '\\u', '\ud800', '\u0085', '\u2028'),
      fc.string({ unit: 'binary' }),
    )
    const edits = fc.array(fc.tuple(fc.nat(FULL.length), fc.nat(40), pieces), {
      minLength: 1,
      maxLength: 5,
    })
    fc.assert(
      fc.property(edits, (list) => {
        let text = FULL
        for (const [at, cut, piece] of list) text = text.slice(0, at) + piece + text.slice(at + cut)
        checkText(text)
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    )
  })

  it('is reported for any text at all', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        checkText(text)
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    )
  })

  it('is no matter of line ends or a byte order mark', () => {
    for (const end of ['\n', '\r\n', '\r'])
      expect(checkText(`\uFEFF${FULL.replaceAll('\n', end)}`)).toBe('plan')
  })

  it('reads values as the library does', () => {
    const values = fc.jsonValue({ maxDepth: 3 }).filter((each) => !hasKey(each, '__proto__'))
    fc.assert(
      fc.property(values, (value) => {
        const text = dump({ value })
        const { documents, problems } = parseYaml(text)
        expect(problems).toEqual([])
        expect(documents.map(toValue)).toEqual(loadAll(text))
      }),
      { numRuns: RUNS, includeErrorInReport: true },
    )
  })
})

function hasKey(value: unknown, key: string): boolean {
  if (typeof value !== 'object' || value === null) return false
  return Object.entries(value).some(([name, each]) => name === key || hasKey(each, key))
}
