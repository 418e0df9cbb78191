import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setupFolder } from '../setup.ts'
import { flumeJars } from '../setup/flume.ts'
import { Running } from './running.ts'

/** The real Flume beside us: one dataDir, batches of 1000, transactions of 10,000, a heap of 1 GiB. */

export const FLUME_BATCH = 1000
const TRANSACTION_EVENTS = 10_000
const HEAP = '-Xmx1g'

export type Properties = Readonly<Record<string, string | number>>

export interface FlumeOptions {
  readonly folder: string
  /** Port of Flume's JSON metrics. */
  readonly httpPort?: number
  readonly under?: readonly string[] | undefined
}

/** The folder of Flume's jars; fails with what to do when it is not installed. */
export function jarsOfFlume(): string {
  const jars = flumeJars(join(setupFolder(process.env), 'flume'))
  if (jars !== undefined) return jars
  throw new Error('Apache Flume is not installed: run "npm run setup -- flume"')
}

export class Flume extends Running {
  readonly #httpPort: number | undefined

  constructor(parts: FlumeParts | FlumeAgent, { folder, httpPort, under }: FlumeOptions) {
    const file = join(folder, 'flume.properties')
    const log = join(folder, 'log4j2.xml')
    writeFileSync(file, propertiesOf(parts))
    writeFileSync(log, LOG4J)
    const monitoring = ['-Dflume.monitoring.type=http', `-Dflume.monitoring.port=${httpPort}`]
    const args = [
      HEAP,
      `-Dlog4j.configurationFile=${log}`,
      ...(httpPort === undefined ? [] : monitoring),
      '-cp',
      join(jarsOfFlume(), '*'),
      'org.apache.flume.node.Application',
      '--name',
      'a',
      '--conf-file',
      file,
      '--no-reload-conf',
    ]
    super('java', args, { logFile: join(folder, 'flume.log'), under })
    this.#httpPort = httpPort
  }

  /** A number of Flume's JSON metrics, such as `ChannelSize` of `CHANNEL.c`; 0 until they are there. */
  async metric(component: string, name: string): Promise<number> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#httpPort}/metrics`)
      const metrics = (await response.json()) as Record<string, Record<string, string>>
      return Number(metrics[component]?.[name] ?? 0)
    } catch {
      // It does not listen yet.
      return 0
    }
  }
}

export interface FlumeParts {
  readonly source: Properties
  readonly channel: Properties
  /** Without one, the channel fills. */
  readonly sink?: Properties
}

type Named = Readonly<Record<string, Properties>>

/** Several components by name; sources say their `channels`, sinks their `channel`. */
export interface FlumeAgent {
  readonly sources: Named
  readonly channels: Named
  readonly sinks: Named
  readonly sinkgroups?: Named
}

export function propertiesOf(parts: FlumeParts | FlumeAgent): string {
  const agent: FlumeAgent = 'sources' in parts ? parts : agentOf(parts)
  const lines: string[] = []
  for (const [kind, components] of Object.entries(agent) as [string, Named][]) {
    lines.push(`a.${kind} = ${Object.keys(components).join(' ')}`)
    for (const [name, properties] of Object.entries(components)) {
      for (const [key, value] of Object.entries(properties)) {
        // A backslash of a regular expression would be an escape of the properties format.
        lines.push(`a.${kind}.${name}.${key} = ${String(value).replaceAll('\\', '\\\\')}`)
      }
    }
  }
  return `${lines.join('\n')}\n`
}

function agentOf({ source, channel, sink }: FlumeParts): FlumeAgent {
  return {
    sources: { in: { channels: 'c', ...source } },
    channels: { c: channel },
    sinks: sink === undefined ? {} : { out: { channel: 'c', ...sink } },
  }
}

/** TAILDIR on the files of `directory` whose names match the regular expression. */
export function taildir(folder: string, directory: string, names: string): Properties {
  return {
    type: 'TAILDIR',
    filegroups: 'g',
    'filegroups.g': join(directory, names),
    positionFile: join(folder, 'positions.json'),
    batchSize: FLUME_BATCH,
  }
}

export function fileChannel(folder: string, capacity: number): Properties {
  return {
    type: 'file',
    checkpointDir: checkpointFolder(folder),
    dataDirs: join(folder, 'channel'),
    capacity,
    transactionCapacity: TRANSACTION_EVENTS,
  }
}

export function checkpointFolder(folder: string): string {
  return join(folder, 'checkpoint')
}

export const MEMORY_CHANNEL: Properties = {
  type: 'memory',
  capacity: 100_000,
  transactionCapacity: TRANSACTION_EVENTS,
}

export function fileRoll(directory: string): Properties {
  return {
    type: 'file_roll',
    'sink.directory': directory,
    'sink.rollInterval': 0,
    'sink.batchSize': FLUME_BATCH,
  }
}

export const NULL_SINK: Properties = { type: 'null', batchSize: FLUME_BATCH }

export function avroSource(port: number): Properties {
  return { type: 'avro', bind: '127.0.0.1', port }
}

export function avroSink(port: number): Properties {
  return { type: 'avro', hostname: '127.0.0.1', port, 'batch-size': FLUME_BATCH }
}

const LOG4J = `<Configuration status="WARN">
  <Appenders><Console name="out"><PatternLayout pattern="%d %-5p %c - %m%n"/></Console></Appenders>
  <Loggers><Root level="INFO"><AppenderRef ref="out"/></Root></Loggers>
</Configuration>
`
