import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'

/** What a state directory says about its cluster. It is written before anything else is made. */
export interface ClusterRecord {
  readonly provider: string
  readonly nodes: number
  /** Of the local provider. */
  readonly etcdPorts?: readonly [number, number]
  /** Of the local provider, once it has one: see layout.ts. */
  readonly slot?: number
}

const FILE = 'cluster.json'

export function readRecord(directory: string): ClusterRecord | undefined {
  const file = join(directory, FILE)
  if (!existsSync(file)) return undefined
  return JSON.parse(readFileSync(file, 'utf8')) as ClusterRecord
}

export function writeRecord(directory: string, record: ClusterRecord): void {
  mkdirSync(directory, { recursive: true })
  const file = join(directory, FILE)
  writeFileSync(`${file}.new`, `${JSON.stringify(record, undefined, 2)}\n`)
  renameSync(`${file}.new`, file)
}

/** A state directory is removed with all that is in it: it must not be somebody's own folder. */
export function refuseForeign(directory: string): void {
  if (!existsSync(directory) || readRecord(directory) !== undefined) return
  if (readdirSync(directory).length === 0) return
  throw new Error(`${directory} is not empty and is no cluster's: choose another one by --state`)
}
