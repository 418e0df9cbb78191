import { parseArgs } from 'node:util'

/** How much a benchmark does: `--quick` to see that it works, `--full` for figures to publish. */
export type Effort = 'quick' | 'normal' | 'full'

export interface BenchOptions {
  readonly names: readonly string[]
  readonly effort: Effort
}

/** One of three values, by effort. */
export function byEffort<Value>(effort: Effort, values: Readonly<Record<Effort, Value>>): Value {
  return values[effort]
}

/** Throws with a sentence for the user. */
export function parseOptions(args: readonly string[], known: readonly string[]): BenchOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { quick: { type: 'boolean' }, full: { type: 'boolean' } },
  })
  if (values.quick === true && values.full === true) {
    throw new Error('--quick and --full exclude each other')
  }
  const unknown = positionals.filter((name) => name !== 'all' && !known.includes(name))
  if (unknown.length > 0) throw new Error(`no benchmark ${unknown.join(', ')}`)
  if (positionals.length === 0) throw new Error('no benchmark was named')
  const effort = values.quick === true ? 'quick' : values.full === true ? 'full' : 'normal'
  return { names: positionals.includes('all') ? known : positionals, effort }
}
