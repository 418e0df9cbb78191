import { isAscii, isUtf8 } from 'node:buffer'
import { bodyAt, endOf, startOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { ValidateInterceptorConfig } from './config.ts'

/** One thing that is asked of every event. */
export interface Check {
  /** Why an event that does not pass is not valid: one sentence. */
  readonly reason: string
  /** Calls `fail` with the index of each event that does not pass. */
  readonly find: (batch: Batch, fail: (i: number) => void) => void
}

/** The checks of a configuration, cheap ones first: an event is not valid for the first it fails. */
export function checksOf(config: ValidateInterceptorConfig): Check[] {
  const checks = config.requiredHeaders.map(headerCheck)
  if (config.maxBodySize !== undefined) checks.push(sizeCheck(config.maxBodySize))
  if (config.utf8) checks.push({ reason: 'the body is not UTF-8', find: findNotUtf8 })
  if (config.json) checks.push({ reason: 'the body is not JSON', find: findNotJson })
  return checks
}

function headerCheck(name: string): Check {
  return {
    reason: `the header ${JSON.stringify(name)} is missing`,
    find: ({ count, headers }, fail) => {
      if (headers.common.has(name)) return
      const column = headers.columns.get(name)
      for (let i = 0; i < count; i++) if (column?.[i] === undefined) fail(i)
    },
  }
}

function sizeCheck(bytesMax: number): Check {
  return {
    reason: `the body is larger than ${bytesMax} bytes`,
    find: (batch, fail) => {
      for (let i = 0; i < batch.count; i++)
        if (endOf(batch, i) - startOf(batch, i) > bytesMax) fail(i)
    },
  }
}

function findNotUtf8(batch: Batch, fail: (i: number) => void): void {
  if (batch.count === 0 || isAllUtf8(batch)) return
  for (let i = 0; i < batch.count; i++) if (!isUtf8(bodyAt(batch, i))) fail(i)
}

/**
 * Looks at all bodies as one. Where nothing stands between them a character could begin in one and end in
 * the next, so that only ASCII says something about each.
 */
function isAllUtf8(batch: Batch): boolean {
  const all = batch.bodies.subarray(0, batch.ends[batch.count - 1])
  return batch.gap === 1 ? isUtf8(all) : isAscii(all)
}

function findNotJson(batch: Batch, fail: (i: number) => void): void {
  if (batch.count === 0) return
  const isUtf8Sure = isAllUtf8(batch)
  for (let i = 0; i < batch.count; i++)
    if (!(isUtf8Sure || isUtf8(bodyAt(batch, i))) || !isJson(batch, i)) fail(i)
}

function isJson(batch: Batch, i: number): boolean {
  try {
    JSON.parse(batch.bodies.toString('utf8', startOf(batch, i), endOf(batch, i)))
    return true
  } catch {
    return false
  }
}
