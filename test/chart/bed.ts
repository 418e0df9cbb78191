import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach } from 'vitest'
import type { TestContext } from 'vitest'
import { binaries } from '../../hack/cluster/binaries.ts'
import { startControlPlane } from '../../hack/cluster/control-plane.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { Programs, succeeded } from './helm.ts'

/** A control plane without nodes, and Helm and kubectl for it: there while the tests of a file run. */
export class ChartBed {
  readonly directory = mkdtempSync(join(tmpdir(), 'flume-chart-'))
  #controlPlane: ControlPlane | undefined
  #programs: Programs | undefined

  /** For the file that calls it; each of its tests is skipped, and named as not run, where there are no binaries. */
  static forThisFile(): ChartBed {
    const bed = new ChartBed()
    beforeAll(() => bed.#start())
    beforeEach((context: TestContext) => needsControlPlane(context))
    afterAll(() => bed.#stop())
    return bed
  }

  get controlPlane(): ControlPlane {
    return this.#controlPlane!
  }

  get programs(): Programs {
    return this.#programs!
  }

  /** What kubectl prints; rejects where it fails. */
  readonly kubectl = async (...args: string[]): Promise<string> =>
    succeeded(await this.programs.kubectl(...args)).stdout

  async #start(): Promise<void> {
    const folder = binaries()
    if (folder === undefined) return
    this.#controlPlane = await startControlPlane({ directory: this.directory, kcm: true })
    this.#programs = new Programs(folder, this.#controlPlane.kubeconfig)
  }

  async #stop(): Promise<void> {
    await this.#controlPlane?.stop()
    this.#programs?.clean()
    rmSync(this.directory, { recursive: true, force: true })
  }
}
