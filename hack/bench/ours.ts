import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AgentStatus } from '../../agent/core/status.ts'
import type { ChannelStats } from '../../agent/core/channel.ts'
import { Running } from './running.ts'
import { ROOT } from './work-folder.ts'

/** A flow of one source, one channel `disk` and one sink, as it stands in a manifest. */
export interface FlowParts {
  readonly source: Readonly<Record<string, unknown>>
  readonly interceptors?: readonly unknown[]
  readonly channel: Readonly<Record<string, unknown>>
  readonly sink: Readonly<Record<string, unknown>>
}

/** The `spec` of a flow with several of something, as it stands in a manifest. */
export interface FlowSpec {
  readonly sources: readonly unknown[]
  readonly channels: readonly unknown[]
  readonly sinks: readonly unknown[]
  readonly sinkGroups?: readonly unknown[]
}

export interface OursOptions {
  readonly folder: string
  readonly under?: readonly string[] | undefined
}

/** Our agent as users run it: `bin/flume run` on a manifest. */
export class Ours extends Running {
  constructor(parts: FlowParts | FlowSpec, { folder, under }: OursOptions) {
    const manifest = join(folder, 'flow.yaml')
    // JSON is YAML.
    writeFileSync(manifest, JSON.stringify(manifestOf(parts)))
    const args = ['run', '--file', manifest, '--data-dir', dataFolder(folder)]
    args.push('--admin', '127.0.0.1:0', '--log-format', 'json')
    super(join(ROOT, 'bin', 'flume'), args, { logFile: join(folder, 'ours.log'), under })
  }

  async status(): Promise<AgentStatus> {
    return JSON.parse(await this.ask('/status')) as AgentStatus
  }

  async channelStats(): Promise<ChannelStats> {
    return (await this.status()).flows[0]!.channels[0]!.stats!
  }

  /** A number of /metrics, by name. */
  async metric(name: string): Promise<number> {
    const text = await this.ask('/metrics')
    const line = text.split('\n').find((each) => each.startsWith(`${name}{`))
    return Number(line?.split(' ').at(-1))
  }

  async ask(path: string): Promise<string> {
    const address = await this.until(
      'the admin server',
      () => /"admin":"([^"]+)"/.exec(this.log)?.[1],
      { secondsMax: 20 },
    )
    const response = await fetch(`http://${address}${path}`)
    return response.text()
  }
}

export function dataFolder(folder: string): string {
  return join(folder, 'data')
}

/** Where the agent of these flows has its channel. */
export function channelFolder(folder: string): string {
  return join(dataFolder(folder), 'bench-0', 'bench', 'disk')
}

function manifestOf(parts: FlowParts | FlowSpec) {
  return {
    apiVersion: 'flume-operator.io/v1alpha1',
    kind: 'FlumeFlow',
    metadata: { name: 'bench' },
    spec: 'sources' in parts ? parts : specOf(parts),
  }
}

function specOf({ source, interceptors = [], channel, sink }: FlowParts): FlowSpec {
  return {
    sources: [{ name: 'in', ...source, interceptors }],
    channels: [{ name: 'disk', ...channel }],
    sinks: [{ name: 'out', ...sink }],
  }
}

/** All lines into one file: rolling is no part of what is measured. */
export function fileSink(directory: string) {
  return { file: { directory, rollInterval: '0s', rollSize: '0' } }
}

export function avroIntake(port: number) {
  return { avro: { bind: '127.0.0.1', port } }
}

/** In batches of the size that Flume has beside us; the default is made for a Flume that has its own. */
export function avroHop(port: number) {
  return { avro: { host: '127.0.0.1', port, batchSize: 1000 } }
}
