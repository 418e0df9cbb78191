/**
 * The launchers of `bin/` for an image without a shell: the same flags and variables, taken from the shell's
 * version, which stays their only home. Node starts and replaces itself by Node with the right flags
 * (20 ms), so that the pid and the signals are the program's own.
 */

/** Where Node lies in the image. */
export const NODE = '/usr/local/bin/node'

export function launcher(shell: string, main: string): string {
  const flags = flagsOf(shell)
  const variables = variablesOf(shell)
  return `#!${NODE}
import { join } from 'node:path'
const flags = ${JSON.stringify(flags)}
const main = join(import.meta.dirname, '..', ${JSON.stringify(main)})
const env = { ...${JSON.stringify(variables)}, ...process.env }
process.execve(process.execPath, [process.execPath, ...flags, main, ...process.argv.slice(2)], env)
`
}

/** `flags='--a\n --b'` → the words. */
export function flagsOf(shell: string): string[] {
  const found = /^flags='([^']*)'$/m.exec(shell)
  if (found === null) throw new Error("the launcher does not set flags='…' at the start of a line")
  return found[1]!.split(/\s+/).filter((word) => word !== '')
}

/** `: "${NAME:=value}"` → what is set unless the environment says otherwise. */
export function variablesOf(shell: string): Record<string, string> {
  return Object.fromEntries(
    [...shell.matchAll(/^: "\$\{(\w+):=([^}]*)\}"$/gm)].map(([, name, value]) => [name, value]),
  )
}
