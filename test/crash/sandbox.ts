import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SeededRandom } from '../sim/random.ts'
import { InputWriter } from './input.ts'
import { judge, readOutput } from './output.ts'
import type { Verdict } from './output.ts'
import { RunningAgent } from './running-agent.ts'

export interface FlowSpec {
  readonly name: string
  /** Options of the file channel, as YAML within braces. */
  readonly channel?: string
}

/**
 * A directory with flows that ship `in/<flow>/app.log` to `out/<flow>`, and the agents started in it.
 * `await using` stops the agents and removes it.
 */
export class Sandbox implements AsyncDisposable {
  readonly directory = mkdtempSync(join(tmpdir(), 'flume-e2e-'))
  readonly manifest = this.path('flow.yaml')
  readonly dataDir = this.path('data')
  readonly #agents: RunningAgent[] = []

  path(...names: readonly string[]): string {
    return join(this.directory, ...names)
  }

  /** Writes the manifest. Flows of one pool, so that one agent runs them all. */
  writeFlows(flows: readonly FlowSpec[]): void {
    writeFileSync(this.manifest, [pool, ...flows.map((flow) => this.#flow(flow))].join('---\n'))
  }

  #flow({ name, channel = '' }: FlowSpec): string {
    return `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: ${name} }
spec:
  agentRef: { name: e2e }
  sources:
    - name: in
      tail: { files: ['${this.path('in', name)}/app.log*'], scanInterval: 100ms, pollInterval: 20ms }
  channels:
    - name: disk
      file: { ${channel} }
  sinks:
    - name: out
      file: { directory: '${this.path('out', name)}' }
`
  }

  input(flow: string): InputWriter {
    mkdirSync(this.path('in', flow), { recursive: true })
    return new InputWriter(this.path('in', flow), new SeededRandom(1))
  }

  /** Puts a file where a sink wants its directory: it fails until `unblock`. */
  block(flow: string): void {
    mkdirSync(this.path('out'), { recursive: true })
    writeFileSync(this.path('out', flow), 'in the way')
  }

  unblock(flow: string): void {
    rmSync(this.path('out', flow))
  }

  /** Runs the manifest, or what `from`, options of `flume run`, says. */
  async start(from: readonly string[] = ['-f', this.manifest]): Promise<RunningAgent> {
    const agent = await RunningAgent.start(from, this.directory, this.dataDir)
    this.#agents.push(agent)
    return agent
  }

  verdict(flow: string, lines: number): Verdict {
    return judge([readOutput(this.path('out', flow), 'text')], lines, () => true)
  }

  async stopAgents(): Promise<void> {
    for (const agent of this.#agents.splice(0)) await agent.kill()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgents()
    rmSync(this.directory, { recursive: true })
  }
}

const pool = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeAgent
metadata: { name: e2e }
spec: {}
`

export const NOTHING_WRONG: Verdict = { lost: [], repeated: [], strangers: [], torn: [] }
