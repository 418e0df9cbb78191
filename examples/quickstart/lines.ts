import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

export interface Comparison {
  readonly written: number
  readonly delivered: number
  readonly lost: number
  readonly duplicates: number
  /** Lines that came out and never went in: torn ones, for example. */
  readonly strangers: number
}

/** Compares what went in with what came out, line by line, byte by byte. */
export function compare(inputDirectory: string, outputDirectory: string): Comparison {
  const seen = new Map(linesOf(inputDirectory).map((line) => [line, 0]))
  const output = linesOf(outputDirectory)
  let strangers = 0
  for (const line of output) {
    const count = seen.get(line)
    if (count === undefined) strangers += 1
    else seen.set(line, count + 1)
  }
  const counts = [...seen.values()]
  return {
    written: seen.size,
    delivered: output.length,
    lost: counts.filter((count) => count === 0).length,
    duplicates: counts.reduce((sum, count) => sum + Math.max(0, count - 1), 0),
    strangers,
  }
}

function linesOf(directory: string): string[] {
  return readdirSync(directory).flatMap((name) => {
    const lines = readFileSync(join(directory, name), 'utf8').split('\n')
    // What follows the last line feed is an unfinished line, or nothing.
    if (lines.at(-1) === '') lines.pop()
    return lines
  })
}
