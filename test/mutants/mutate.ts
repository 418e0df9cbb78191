import { spawn } from 'node:child_process'
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutant, Oracle } from './mutants.ts'

const ROOT = join(import.meta.dirname, '..', '..')
const NODE = join(ROOT, 'node_modules', 'node', 'bin', 'node')
/** Seeds an oracle gets to find a mutant; most are found within the first ten. */
const RUNS = 1000

export interface Verdict {
  readonly failed: boolean
  /** The first failure, or the summary. */
  readonly report: string
}

/** A copy of the sources that mutants can be put into; nothing in the project is touched. */
export class MutantCopy {
  readonly #directory: string

  private constructor(directory: string) {
    this.#directory = directory
  }

  static async make(): Promise<MutantCopy> {
    const directory = await mkdtemp(join(tmpdir(), 'flume-mutant-'))
    for (const part of ['agent', 'test/sim', 'package.json']) {
      await cp(join(ROOT, part), join(directory, part), { recursive: true })
    }
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'))
    return new MutantCopy(directory)
  }

  /** Runs the oracle on the copy with the mutant in it, and takes the mutant out again. */
  async judge(mutant: Mutant): Promise<Verdict> {
    const path = join(this.#directory, mutant.file)
    const source = await readFile(path, 'utf8')
    await writeFile(path, mutated(source, mutant))
    try {
      return await this.run(mutant.oracle)
    } finally {
      await writeFile(path, source)
    }
  }

  /** Runs the oracle on the copy as it is. */
  async run(oracle: Oracle): Promise<Verdict> {
    const cli = join(this.#directory, 'test', 'sim', 'fault-cli.ts')
    const args = [cli, `--what=${oracle}`, `--runs=${RUNS}`, '--failures-max=1']
    const child = spawn(NODE, args, { cwd: this.#directory, stdio: ['ignore', 'pipe', 'pipe'] })
    let report = ''
    child.stdout.on('data', (text: Buffer) => (report += text.toString()))
    child.stderr.on('data', (text: Buffer) => (report += text.toString()))
    const code = await new Promise<number | null>((resolve, reject) => {
      child.once('error', reject)
      child.once('close', resolve)
    })
    // Anything but a verdict is a mutant that does not even start, and proves nothing.
    if (!report.includes('"failures"')) throw new Error(`the oracle ended with ${code}: ${report}`)
    return { failed: code !== 0, report }
  }

  async remove(): Promise<void> {
    await rm(this.#directory, { recursive: true })
  }
}

/** The source with the mutant; throws when its place is not there exactly once. */
export function mutated(source: string, mutant: Mutant): string {
  const count = source.split(mutant.find).length - 1
  if (count !== 1) {
    throw new Error(
      `mutant "${mutant.name}": ${JSON.stringify(mutant.find)} stands ${count} times in ${mutant.file}, ` +
        'expected once: bring test/mutants/mutants.ts up to date',
    )
  }
  return source.replace(mutant.find, () => mutant.replace)
}
