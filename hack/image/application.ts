import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { commandOf, launcher } from './launcher.ts'
import { addFile, addFolder } from './tree.ts'
import type { Tree } from './tree.ts'

/** Where the project lies in the image. */
export const HOME = 'opt/flume-operator'

export interface Program {
  /** Of `bin/`. */
  readonly name: string
  /** What Node runs for it. */
  readonly main: string
  readonly flags: readonly string[]
  /** What lies in `bin/` of the image. */
  readonly launcher: string
}

/** The programs of a checkout, by the shell scripts that start them. */
export function programs(root: string): Program[] {
  return readdirSync(join(root, 'bin'))
    .sort()
    .map((name) => {
      const shell = readFileSync(join(root, 'bin', name), 'utf8')
      const { flags, main } = commandOf(shell)
      return { name, main, flags, launcher: launcher(shell) }
    })
}

/** The project's own files: sources as they are, without tests, and the launchers. */
export function addApplication(tree: Tree, root: string): void {
  for (const folder of ['agent', 'operator'].filter((name) => existsSync(join(root, name)))) {
    addFolder(tree, { folder: join(root, folder), prefix: `${HOME}/${folder}` }, isSource)
  }
  for (const file of ['LICENSE', 'package.json']) {
    addFile(tree, `${HOME}/${file}`, readFileSync(join(root, file)))
  }
  for (const program of programs(root)) {
    addFile(tree, `${HOME}/bin/${program.name}`, program.launcher, 0o755)
  }
}

function isSource(path: string): boolean {
  return path.endsWith('.ts') && !path.endsWith('.test.ts')
}
