import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { idOf } from './input.ts'

/** What stands in the files of a sink. */
export interface Output {
  /** How often each id is there. */
  readonly counts: ReadonlyMap<number, number>
  /** Lines that are not whole, shortened. */
  readonly torn: readonly string[]
}

export function readOutput(directory: string, format: 'text' | 'json'): Output {
  const counts = new Map<number, number>()
  const torn: string[] = []
  for (const name of filesIn(directory)) {
    const text = readFileSync(join(directory, name), 'utf8')
    const lines = text.split('\n')
    if (lines.pop() !== '') torn.push(`${name} ends within a line`)
    for (const line of lines) {
      const id = idOf(format === 'json' ? bodyOf(line) : line)
      if (id === undefined) torn.push(`${name}: ${line.slice(0, 80)}`)
      else counts.set(id, (counts.get(id) ?? 0) + 1)
    }
  }
  return { counts, torn }
}

function filesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => entry.name)
}

function bodyOf(line: string): string {
  try {
    return String((JSON.parse(line) as { body?: unknown }).body)
  } catch {
    return ''
  }
}

export interface Verdict {
  readonly lost: readonly number[]
  readonly repeated: readonly number[]
  /** Ids that were never written, or were to be dropped. */
  readonly strangers: readonly number[]
  readonly torn: readonly string[]
}

/** Compares what came out with the ids that were to come out. */
export function judge(
  outputs: readonly Output[],
  lines: number,
  isExpected: (id: number) => boolean,
): Verdict {
  const counts = new Map<number, number>()
  for (const output of outputs) {
    for (const [id, count] of output.counts) counts.set(id, (counts.get(id) ?? 0) + count)
  }
  const lost: number[] = []
  for (let id = 0; id < lines; id++) if (isExpected(id) && !counts.has(id)) lost.push(id)
  const ids = [...counts.keys()]
  return {
    lost,
    repeated: ids.filter((id) => counts.get(id)! > 1),
    strangers: ids.filter((id) => id >= lines || !isExpected(id)),
    torn: outputs.flatMap((output) => output.torn),
  }
}
