import type { ChildHandle, Ending, Launch } from '../../agent/supervisor/launch.ts'
import type { ReplicaSpec } from '../../agent/supervisor/replica.ts'

/** A process that is none: it runs until the test ends it. */
export class Process implements ChildHandle {
  readonly launch: Launch
  readonly pid: number | undefined
  readonly signals: NodeJS.Signals[] = []
  readonly ended: Promise<Ending>
  readonly end: (ending: Ending) => void

  constructor(launch: Launch, pid: number) {
    this.launch = launch
    this.pid = pid
    const { promise, resolve } = Promise.withResolvers<Ending>()
    this.ended = promise
    this.end = resolve
  }

  signal(name: NodeJS.Signals): void {
    this.signals.push(name)
    if (name === 'SIGKILL') this.end({ code: undefined, reason: name })
  }
}

/** What takes the place of starting processes. */
export class Processes {
  readonly all: Process[] = []
  readonly launch = (launch: Launch): ChildHandle => {
    const process = new Process(launch, 1000 + this.all.length)
    this.all.push(process)
    return process
  }

  get last(): Process {
    return this.all.at(-1)!
  }

  /** The newest process of a replica. */
  of(replica: string): Process {
    return this.all.findLast(({ launch }) => launch.logFile === `logs/${replica}.log`)!
  }
}

export function replicaSpec(changes: Partial<ReplicaSpec> = {}): ReplicaSpec {
  const { agent = 'hub', ordinal = 0 } = changes
  const name = `${agent}-${ordinal}`
  return {
    name,
    agent,
    ordinal,
    args: ['run', `--ordinal=${ordinal}`],
    manifest: 'one',
    manifestFile: `data/${name}/manifests.yaml`,
    directory: `data/${name}`,
    logFile: `logs/${name}.log`,
    admin: `127.0.0.1:${20_000 + ordinal}`,
    configuration: 'first',
    ...changes,
  }
}
