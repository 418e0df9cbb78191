import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export const ROOT = join(import.meta.dirname, '..', '..')

/**
 * A folder for one benchmark on the file system of the checkout, so that a temporary folder in memory
 * does not flatter the figures. Removed at the end, also when the benchmark fails.
 */
export class WorkFolder {
  readonly path: string

  constructor() {
    const parents = [tmpdir(), join(ROOT, 'node_modules')]
    const parent = parents.find((each) => statSync(each).dev === statSync(ROOT).dev) ?? ROOT
    this.path = mkdtempSync(join(parent, 'flume-bench-'))
  }

  join(...names: string[]): string {
    return join(this.path, ...names)
  }

  /** An empty folder below it; what was there is removed. */
  fresh(...names: string[]): string {
    const path = this.join(...names)
    rmSync(path, { recursive: true, force: true })
    mkdirSync(path, { recursive: true })
    return path
  }

  /** Removes folders of earlier runs and lets the disk become quiet. */
  settle(...names: string[]): void {
    for (const name of names) rmSync(this.join(name), { recursive: true, force: true })
    spawnSync('sync')
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true })
  }
}
