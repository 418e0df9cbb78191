/**
 * The launchers of `bin/` for an image without a shell: the same flags and variables, taken from the shell's
 * version, which stays their only home. Node starts and replaces itself by Node with the right flags
 * (20 ms), so that the pid and the signals are the program's own.
 */

/** Where Node lies in the image. */
export const NODE = '/usr/local/bin/node'

export function launcher(shell: string): string {
  const { flags, main } = commandOf(shell)
  const variables = variablesOf(shell)
  return `#!${NODE}
import { join } from 'node:path'
const flags = ${JSON.stringify(flags)}
const main = join(import.meta.dirname, '..', ${JSON.stringify(main)})
const env = { ...${JSON.stringify(variables)}, ...process.env }
process.execve(process.execPath, [process.execPath, ...flags, main, ...process.argv.slice(2)], env)
`
}

/**
 * The shell's last act: `exec "$node" --a $flags "$root/agent/main.ts" "$@"`, with `flags='--b --c'` before
 * it if it names them.
 */
export function commandOf(shell: string): { readonly flags: string[]; readonly main: string } {
  const exec = /^exec "\$node" (.*)"\$root\/([\w./-]+)" "\$@"$/m.exec(shell)
  if (exec === null) throw new Error('the launcher does not end with exec "$node" … "$root/…" "$@"')
  const named = /^flags='([^']*)'$/m.exec(shell)?.[1] ?? ''
  const flags = exec[1]!.replace('$flags', named).split(/\s+/)
  return { flags: flags.filter((word) => word !== ''), main: exec[2]! }
}

/** `: "${NAME:=value}"` → what is set unless the environment says otherwise. */
export function variablesOf(shell: string): Record<string, string> {
  return Object.fromEntries(
    [...shell.matchAll(/^: "\$\{(\w+):=([^}]*)\}"$/gm)].map(([, name, value]) => [name, value]),
  )
}
