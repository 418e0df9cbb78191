import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { batchOf } from '../core/batch.ts'
import type { Part, Selector } from '../core/selector.ts'
import { multiplexingSelectorSchema } from './multiplexing/config.ts'
import { createSelector as createMultiplexing } from './multiplexing/selector.ts'
import { replicatingSelectorSchema } from './replicating/config.ts'
import { createSelector as createReplicating } from './replicating/selector.ts'

/** One line of testdata/selectors.jsonl: headers → required and optional channels in Flume 1.11. */
interface Vector {
  readonly config: Readonly<Record<string, string>>
  readonly cases?: readonly (readonly [
    Readonly<Record<string, string>> | null,
    readonly string[],
    readonly string[],
  ])[]
  readonly error?: string
}

const CHANNELS = ['ch1', 'ch2', 'ch3', 'ch4']

const vectors = readFileSync(new URL('testdata/selectors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)
  // Types that the catalog does not know are refused before a selector is made.
  .filter(({ config }) => !['bogus', 'load_balancing'].includes(config['type'] ?? ''))

const list = (text: string | undefined): string[] => (text ?? '').split(' ').filter(Boolean)

/** Flume's properties in our typed form. */
function selectorOf(config: Readonly<Record<string, string>>): Selector {
  if (config['type'] !== 'multiplexing') {
    const typed = replicatingSelectorSchema.parse({ optional: list(config['optional']) })
    return createReplicating(typed, CHANNELS)
  }
  const keys = Object.keys(config)
  const values = new Set(
    keys.filter((key) => /^(mapping|optional)\./.test(key)).map((key) => key.replace(/^\w+\./, '')),
  )
  const mappings = [...values].map((value) => {
    const channels = config[`mapping.${value}`]
    const optional = list(config[`optional.${value}`])
    return channels === undefined
      ? { value, optional }
      : { value, optional, channels: list(channels) }
  })
  const { header } = config
  return createMultiplexing(
    multiplexingSelectorSchema.parse({
      ...(header === undefined ? {} : { header }),
      mappings,
      default: list(config['default']),
    }),
  )
}

function names(parts: readonly Part[], required: boolean): string[] {
  return parts
    .filter((part) => part.required === required)
    .map((part) => part.channel)
    .sort()
}

describe('selectors do what Flume does', () => {
  it.each(vectors.map((vector) => [JSON.stringify(vector.config), vector] as const))(
    '%s',
    (_, vector) => {
      if (vector.error !== undefined) {
        expect(() => selectorOf(vector.config)).toThrow('channels')
        return
      }
      const select = selectorOf(vector.config)
      for (const [headers, required, optional] of vector.cases!) {
        const parts = select(batchOf([{ body: Buffer.from('x'), headers: headers ?? {} }]))
        expect([names(parts, true), names(parts, false)]).toEqual([required, optional])
      }
    },
  )

  it('routes the events of all cases in one batch as it routes them one by one', () => {
    for (const { config, cases } of vectors) {
      if (cases === undefined) continue
      const batch = batchOf(
        cases.map(([headers], i) => ({ body: Buffer.from([i]), headers: headers ?? {} })),
      )
      const got = cases.map(() => [[] as string[], [] as string[]] as const)
      for (const part of selectorOf(config)(batch)) {
        const bodies = part.batch.bodies.subarray(0, part.batch.ends.at(-1) ?? 0)
        for (const i of bodies) got[i]![part.required ? 0 : 1].push(part.channel)
      }
      const expected = cases.map(([, required, optional]) => [required, optional])
      expect(got.map(([required, optional]) => [required.sort(), optional.sort()])).toEqual(
        expected,
      )
    }
  })
})
