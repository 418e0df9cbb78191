import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { batchOf, bodyAt, headersAt } from '../core/batch.ts'
import type { PlainInterceptor } from '../core/interceptor.ts'
import { systemClock } from '../lib/clock.ts'
import { regexFilterInterceptorSchema } from './regex-filter/config.ts'
import { createInterceptor as createRegexFilter } from './regex-filter/interceptor.ts'
import { staticInterceptorSchema } from './static/config.ts'
import { createInterceptor as createStatic } from './static/interceptor.ts'
import { timestampInterceptorSchema } from './timestamp/config.ts'
import { createInterceptor as createTimestamp } from './timestamp/interceptor.ts'

/** One line of testdata/interceptors.jsonl: what Flume 1.11 does with one event. */
interface Vector {
  readonly type: string
  readonly config?: Readonly<Record<string, string>>
  readonly in: string
  readonly headers?: Readonly<Record<string, string>>
  readonly out: {
    readonly body: string
    readonly headers?: Readonly<Record<string, string>>
  } | null
}

const vectors = readFileSync(new URL('testdata/interceptors.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)

/** Flume's properties in our typed form. */
const BY_TYPE: Readonly<Record<string, (config: Record<string, string>) => PlainInterceptor>> = {
  regex_filter: ({ excludeEvents, ...rest }) =>
    createRegexFilter(
      regexFilterInterceptorSchema.parse({ ...rest, exclude: excludeEvents === 'true' }),
    ),
  static: ({ preserveExisting, ...rest }) =>
    createStatic(
      staticInterceptorSchema.parse({ ...rest, preserveExisting: preserveExisting !== 'false' }),
    ),
  timestamp: ({ preserveExisting }) =>
    createTimestamp(
      timestampInterceptorSchema.parse({ preserveExisting: preserveExisting === 'true' }),
      { clock: systemClock },
    ),
}

describe('interceptors do what Flume does', () => {
  it.each(vectors.map((vector) => [JSON.stringify(vector), vector] as const))('%s', (_, vector) => {
    const intercept = BY_TYPE[vector.type]!({ ...vector.config })
    const result = intercept(
      batchOf([{ body: Buffer.from(vector.in), headers: vector.headers ?? {} }]),
    )
    const events = Array.from({ length: result.count }, (__, i) => ({
      body: bodyAt(result, i).toString(),
      headers: { ...headersAt(result, i) },
    }))
    const expected = vector.out === null ? [] : [{ headers: {}, ...vector.out }]
    expect(events).toEqual(expected)
  })
})
