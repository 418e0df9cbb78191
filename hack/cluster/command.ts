import { spawn } from 'node:child_process'

export interface CommandOptions {
  readonly input?: string
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** What it may fail with, as a part of its message; the answer is empty then. */
  readonly tolerate?: string
}

/** A program that failed, with what it said. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** Runs a program to its end; resolves to what it printed. */
export async function command(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  const { input, tolerate, env, cwd } = options
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    cwd,
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  // One that ends early does not read its input.
  child.stdin.on('error', () => {})
  child.stdin.end(input ?? '')
  const end = await new Promise<string | number>((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('close', (code, signal) => resolve(code ?? signal!))
  })
  if (end === 0) return stdout
  if (tolerate !== undefined && stderr.includes(tolerate)) return ''
  const said = (stderr || stdout).trim()
  throw new CommandError(`${program} ${args.join(' ')} failed (${end})${said && `:\n${said}`}`)
}
