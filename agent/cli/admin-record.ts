import { readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const FILE_NAME = 'admin.json'

/** Where a running agent can be asked, kept in its data directory for `flume status`. */
export interface AdminRecord {
  /** `HOST:PORT` as a client reaches it. */
  readonly address: string
  readonly pid: number
}

/** `directory` is the agent's own, `<data-dir>/<agent>-<ordinal>`. */
export function recordAdmin(directory: string, record: AdminRecord): void {
  writeFileSync(join(directory, FILE_NAME), `${JSON.stringify(record)}\n`)
}

export function forgetAdmin(directory: string): void {
  rmSync(join(directory, FILE_NAME), { force: true })
}

/** Records below a data directory, by the agents' directory names. Those of dead agents too. */
export function findAdmins(dataDir: string): ReadonlyMap<string, AdminRecord> {
  const found = new Map<string, AdminRecord>()
  for (const name of directoryNames(dataDir)) {
    const record = readRecord(join(dataDir, name, FILE_NAME))
    if (record !== undefined) found.set(name, record)
  }
  return found
}

function directoryNames(dataDir: string): string[] {
  try {
    return readdirSync(dataDir).sort()
  } catch {
    return []
  }
}

function readRecord(path: string): AdminRecord | undefined {
  try {
    const { address, pid } = JSON.parse(readFileSync(path, 'utf8')) as Partial<AdminRecord>
    return typeof address === 'string' && typeof pid === 'number' ? { address, pid } : undefined
  } catch {
    return undefined
  }
}
