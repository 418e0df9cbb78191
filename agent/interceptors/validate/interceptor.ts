import { select } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { Intercepted, Interceptor } from '../../core/interceptor.ts'
import { checksOf } from './checks.ts'
import type { Check } from './checks.ts'
import type { ValidateInterceptorConfig } from './config.ts'

/** Which check an event failed first, counted from 1; 0 for none. Undefined when all events are valid. */
type Verdicts = Uint8Array | undefined

/** Finds events that are not valid and does with them what the configuration says. */
export function createInterceptor(config: ValidateInterceptorConfig): Interceptor {
  const checks = checksOf(config)
  const { action, tagHeader } = config
  return (batch) => {
    const verdicts = judge(batch, checks)
    if (action === 'tag') return tag(batch, tagHeader, reasons(batch, verdicts, checks))
    if (verdicts === undefined) return batch
    const valid = select(batch, indices(verdicts, 0))
    return action === 'drop' ? valid : intercepted(batch, valid, { verdicts, checks })
  }
}

function judge(batch: Batch, checks: readonly Check[]): Verdicts {
  let verdicts: Verdicts
  for (const [k, { find }] of checks.entries()) {
    find(batch, (i) => {
      verdicts ??= new Uint8Array(batch.count)
      if (verdicts[i] === 0) verdicts[i] = k + 1
    })
  }
  return verdicts
}

function intercepted(
  batch: Batch,
  valid: Batch,
  { verdicts, checks }: { readonly verdicts: Uint8Array; readonly checks: readonly Check[] },
): Intercepted {
  const deadLetters = checks.flatMap(({ reason }, k) => {
    const failed = indices(verdicts, k + 1)
    if (failed.length === 0) return []
    return [{ batch: select(batch, failed), reason, kind: 'invalid' as const }]
  })
  return { batch: valid, deadLetters }
}

/** The events with that verdict. */
function indices(verdicts: Uint8Array, verdict: number): Uint32Array {
  const found = new Uint32Array(verdicts.length)
  let count = 0
  for (let i = 0; i < verdicts.length; i++) if (verdicts[i] === verdict) found[count++] = i
  return found.subarray(0, count)
}

/** Why each event is not valid; undefined when all are. */
function reasons(
  batch: Batch,
  verdicts: Verdicts,
  checks: readonly Check[],
): readonly (string | undefined)[] | undefined {
  if (verdicts === undefined) return undefined
  return Array.from({ length: batch.count }, (_, i) => checks[verdicts[i]! - 1]?.reason)
}

/** The header is this interceptor's alone: one that came in says nothing about the event. */
function tag(
  batch: Batch,
  name: string,
  values: readonly (string | undefined)[] | undefined,
): Batch {
  const { common, columns } = batch.headers
  if (values === undefined && !common.has(name) && !columns.has(name)) return batch
  const headers = { common: new Map(common), columns: new Map(columns) }
  headers.common.delete(name)
  headers.columns.delete(name)
  if (values !== undefined) headers.columns.set(name, values)
  return { ...batch, headers }
}
