import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { LogLevel } from '../../agent/telemetry/log-options.ts'
import type { Address } from './endpoints.ts'

/** What the command line says. */
export interface ProgramOptions {
  /** undefined: all. */
  readonly namespaces: readonly string[] | undefined
  readonly image: string
  readonly leaderElect: boolean
  /** undefined: the namespace of the pod. */
  readonly leaseNamespace: string | undefined
  /** How long a leader that is gone holds up the next one. */
  readonly leaseSeconds: number
  readonly metrics: Address
  readonly health: Address
  readonly logLevel: LogLevel
  readonly maxConcurrent: number
}

/** What was asked for in place of a run, or why the command line cannot be understood. */
export interface Usage {
  readonly text: string
  readonly exitCode: 0 | 2
}

const CONCURRENCY = { min: 1, max: 64 }
/** A shorter one is lost whenever the API server is slow. */
const LEASE_SECONDS = { min: 3, max: 300 }

/** Reads the arguments. Pure. */
export function parseOptions(args: readonly string[], version: string): ProgramOptions | Usage {
  let text = ''
  const write = (part: string): void => {
    text += part
  }
  const command = new Command('flume-operator')
    .description('Keeps pools of agents as FlumeAgents and FlumeFlows say.')
    .version(version, '--version')
    .configureOutput({ writeOut: write, writeErr: write })
    .exitOverride()
    .option('--namespaces <names>', 'namespaces to look after, by commas (default: all)', namesOf)
    .option('--image <image>', 'image of agents that name none', `flume-operator:${version}`)
    .option('--leader-elect', 'work only while no other operator does', false)
    .option('--lease-namespace <name>', 'namespace of the lease (default: that of the pod)')
    .option(
      '--lease-seconds <count>',
      'until another one takes over from a leader that is gone',
      wholeNumber(LEASE_SECONDS),
      15,
    )
    .addOption(addressOption('--metrics', 'the metrics', 8080))
    .addOption(addressOption('--health', '/livez and /readyz', 8081))
    .addOption(
      new Option('--log-level <level>', 'lines to write')
        .choices(['debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .option(
      '--max-concurrent <count>',
      'pools in work at the same time',
      wholeNumber(CONCURRENCY),
      4,
    )
    .allowExcessArguments(false)
  try {
    command.parse(args, { from: 'user' })
  } catch (thrown) {
    if (!(thrown instanceof CommanderError)) throw thrown
    return { text, exitCode: thrown.exitCode === 0 ? 0 : 2 }
  }
  const options = command.opts<ProgramOptions>()
  const { namespaces, leaseNamespace } = options
  return { ...options, namespaces, leaseNamespace }
}

function addressOption(flag: string, what: string, port: number): Option {
  const host = '0.0.0.0'
  return new Option(`${flag} <address>`, `HOST:PORT of ${what}`)
    .argParser(addressOf)
    .default({ host, port }, `${host}:${port}`)
}

function namesOf(text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim())
  if (!names.every((name) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/.test(name)))
    throw new InvalidArgumentError('expected names of namespaces, such as logs,web')
  return [...new Set(names)]
}

function addressOf(text: string): Address {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+):(\d{1,5})$/i.exec(text)
  const port = Number(match?.[2])
  if (match === null || port > 65_535) throw new InvalidArgumentError('expected HOST:PORT')
  return { host: match[1]!.replace(/^\[|\]$/g, ''), port }
}

function wholeNumber({ min, max }: { readonly min: number; readonly max: number }) {
  return (text: string): number => {
    const count = Number(text)
    if (!/^\d+$/.test(text) || count < min || count > max)
      throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`)
    return count
  }
}
