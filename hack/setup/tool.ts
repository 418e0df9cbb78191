import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'

/** Something that the person at the keyboard has to do; the message says what. */
export class SetupError extends Error {
  override readonly name = 'SetupError'
}

export interface Tool {
  /** What has to run without an error, such as `mvn --version`. */
  readonly probe: readonly [string, ...string[]]
  /** How people call it. */
  readonly title: string
  readonly debianPackage: string
}

export interface Machine {
  readonly root: boolean
  readonly debian: boolean
}

export function thisMachine(): Machine {
  return { root: process.getuid?.() === 0, debian: existsSync('/usr/bin/apt-get') }
}

/** The command that installs the packages, if this machine lets us. */
export function installCommand(
  packages: readonly string[],
  { root, debian }: Machine,
): readonly [string, ...string[]] | undefined {
  if (!root || !debian) return undefined
  return ['apt-get', 'install', '--yes', '--no-install-recommends', ...packages]
}

/** What to do by hand about tools that are missing. */
export function cure(missing: readonly Tool[], { debian }: Machine): string {
  const titles = missing.map((tool) => tool.title).join(' and ')
  const packages = missing.map((tool) => tool.debianPackage).join(' ')
  const how = debian
    ? `run "sudo apt-get install ${packages}"`
    : `install ${missing.length === 1 ? 'it' : 'them'} and make sure that ${missing
        .map((tool) => `"${tool.probe.join(' ')}"`)
        .join(' and ')} work${missing.length === 1 ? 's' : ''}`
  return `${titles} ${missing.length === 1 ? 'is' : 'are'} missing: ${how}, then run this again`
}

export function isThere(tool: Tool): boolean {
  const [program, ...args] = tool.probe
  return spawnSync(program, args, { stdio: 'ignore' }).status === 0
}

/** Sees to it that the tools are there: installs Debian's packages where that is possible. */
export function ensure(tools: readonly Tool[], machine: Machine = thisMachine()): void {
  const missing = tools.filter((tool) => !isThere(tool))
  if (missing.length === 0) return
  const packages = missing.map((tool) => tool.debianPackage)
  const command = installCommand(packages, machine)
  if (command === undefined) throw new SetupError(cure(missing, machine))
  console.log(`Installing ${packages.join(', ')} by apt-get.`)
  run('apt-get', ['update', '--quiet'])
  run(command[0], command.slice(1))
  const still = missing.filter((tool) => !isThere(tool))
  if (still.length > 0) throw new SetupError(cure(still, machine))
}

export interface RunOptions {
  readonly cwd?: string
  readonly env?: NodeJS.ProcessEnv
}

/** Runs a program with its output passed through; fails when it does. */
export function run(program: string, args: readonly string[], options: RunOptions = {}): void {
  const { status, error } = spawnSync(program, args, {
    stdio: ['ignore', 'inherit', 'inherit'],
    ...options,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', ...options.env },
  })
  if (error !== undefined) throw new SetupError(`${program} could not be started: ${error.message}`)
  if (status === 0) return
  throw new SetupError(`"${program} ${args.join(' ')}" failed; its output is above`)
}
