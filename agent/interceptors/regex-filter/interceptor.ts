import { isAscii } from 'node:buffer'
import { endOf, select, startOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { PlainInterceptor } from '../../core/interceptor.ts'
import { linearRegexp } from '../../lib/linear-regexp.ts'
import type { RegexFilterInterceptorConfig } from './config.ts'

/** As in Flume the expression is searched for: it need not match the whole body. */
export function createInterceptor(config: RegexFilterInterceptorConfig): PlainInterceptor {
  const expression = linearRegexp(withoutPadding(config.regex))
  return (batch) => {
    const kept = new Uint32Array(batch.count)
    let count = 0
    const body = bodyReader(batch)
    for (let i = 0; i < batch.count; i++) {
      if (expression.test(body(i)) !== config.exclude) kept[count++] = i
    }
    return select(batch, kept.subarray(0, count))
  }
}

/**
 * Bodies as text. Where all are ASCII, offsets in bytes and in text are the same, so that one
 * decoding serves the batch and each body is a view of it.
 */
function bodyReader(batch: Batch): (i: number) => string {
  const { bodies } = batch
  if (!isAscii(bodies)) return (i) => bodies.toString('utf8', startOf(batch, i), endOf(batch, i))
  const text = bodies.toString('latin1')
  return (i) => text.slice(startOf(batch, i), endOf(batch, i))
}

/**
 * The pattern without `.*` at its ends, which a search does not need: wherever `.*DEBUG.*` is found,
 * `DEBUG` is. With it the search of a body that does not match takes time quadratic in its length.
 */
export function withoutPadding(pattern: string): string {
  return pattern.replace(/^(?:\.\*\??)+/, '').replace(/(?<!\\)((?:\\\\)*)(?:\.\*\??)+$/, '$1')
}
