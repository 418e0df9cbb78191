import { mkdirSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { ReloadingAgent } from './reloading-agent.ts'

/** How long a receiver that hangs is waited for. */
export const REQUEST_TIMEOUT_MS = 1000
/** Events sent and not answered: what one fault can make arrive twice. */
export const IN_FLIGHT_MAX = 2000

const EDGE = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: ship }
spec:
  agentRef: { name: edge }
  sources:
    - name: logs
      tail: { files: ['INPUT/app.log*'], scanInterval: 100ms, pollInterval: 20ms }
  channels:
    - name: disk
      file: { capacity: 64Mi }
  sinks:
    - name: out
      agent: { name: hub, batchSize: 300, maxInFlight: ${IN_FLIGHT_MAX}, requestTimeout: ${REQUEST_TIMEOUT_MS}ms }
---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: edge }
spec: {}
`

const HUB = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: collect }
spec:
  agentRef: { name: hub }
  sources:
    - name: in
      avro: { bind: 127.0.0.1, port: 4141 }
  channels:
    - name: disk
      file: { capacity: 64Mi }
  sinks:
    - name: out
      file: { directory: OUTPUT, rollSize: 512Ki }
---
apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: hub }
spec: {}
`

/** One of the agents of a hop: a process that is started, killed and frozen again and again. */
export class HopAgent {
  readonly name: string
  readonly #directory: string
  readonly #arguments: readonly string[]
  #starts = 0
  #agent: ReloadingAgent | undefined
  frozen = false

  constructor(name: string, directory: string, manifest: string, more: readonly string[]) {
    this.name = name
    this.#directory = directory
    this.#arguments = more
    mkdirSync(directory, { recursive: true })
    writeFileSync(this.#manifest, manifest)
  }

  get #manifest(): string {
    return join(this.#directory, 'flow.yaml')
  }

  get process(): ReloadingAgent {
    return this.#agent!
  }

  start(): void {
    this.#starts += 1
    const log = join(this.#directory, `agent-${this.#starts}.log`)
    const dataDir = join(this.#directory, 'data')
    this.#agent = ReloadingAgent.start(this.#manifest, dataDir, log, this.#arguments)
    this.frozen = false
  }

  /** Fails when it had ended by itself. */
  async kill(): Promise<void> {
    this.process.signal('SIGKILL')
    const ending = await this.process.ended
    if (ending !== 'SIGKILL')
      throw new Error(`${this.name} ended by itself: ${ending}\n${this.process.log()}`)
  }

  freeze(): void {
    this.process.signal('SIGSTOP')
    this.frozen = true
  }

  thaw(): void {
    this.process.signal('SIGCONT')
    this.frozen = false
  }

  /** SIGTERM, which has to end it in order. */
  async stop(): Promise<void> {
    this.process.signal('SIGTERM')
    const ending = await this.process.ended
    if (ending !== 0) throw new Error(`${this.name} ended with ${ending}\n${this.process.log()}`)
  }

  /** Whatever it is doing. */
  async end(): Promise<void> {
    this.#agent?.signal('SIGKILL')
    await this.#agent?.ended
  }
}

/** An edge that tails `directory`/in, and two hubs that write to `directory`/out-0 and out-1. */
export async function hopAgents(
  directory: string,
): Promise<{ readonly edge: HopAgent; readonly hubs: readonly HopAgent[] }> {
  const ports = await freePorts(2)
  const hubs = ports.map((port, i) => {
    const output = join(directory, `out-${i}`)
    mkdirSync(output, { recursive: true })
    const manifest = HUB.replace('OUTPUT', output)
    return new HopAgent(`hub-${i}`, join(directory, `hub-${i}`), manifest, [
      '--port',
      `collect/in=${port}`,
    ])
  })
  const addresses = ports.map((port) => `127.0.0.1:${port}`).join(',')
  const manifest = EDGE.replace('INPUT', join(directory, 'in'))
  const address = ['--agent-address', `hub=${addresses}`]
  return { edge: new HopAgent('edge', join(directory, 'edge'), manifest, address), hubs }
}

/** Ports that were free a moment ago: agents that are restarted have to keep theirs. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer())
  const ports: number[] = []
  for (const server of servers) {
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    ports.push((server.address() as AddressInfo).port)
  }
  for (const server of servers) server.close()
  return ports
}
