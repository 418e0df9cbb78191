import type { AgentStatus } from '../../agent/core/status.ts'
import { flume, script, until } from './child.ts'
import type { Child, Ending } from './child.ts'
import type { ReloadAgentOptions } from './reload-agent.ts'

export const PATIENCE_MS = 30_000

/** An agent that may be dead at any time: what is asked of it has an answer, or 'dead'. */
export class ReloadingAgent {
  readonly #child: Child
  #address: string | undefined

  private constructor(child: Child) {
    this.#child = child
  }

  /** `bin/flume run`, to be killed from outside. */
  static start(
    manifest: string,
    dataDir: string,
    logFile: string,
    more: readonly string[] = [],
  ): ReloadingAgent {
    const args = ['run', '-f', manifest, '--data-dir', dataDir, '--admin', '127.0.0.1:0', ...more]
    return new ReloadingAgent(flume(args, logFile))
  }

  /** The same agent on a disk that kills it. */
  static startToDie(options: ReloadAgentOptions, logFile: string): ReloadingAgent {
    return new ReloadingAgent(
      script('test/crash/reload-agent.ts', [JSON.stringify(options)], logFile),
    )
  }

  get dead(): boolean {
    return this.#child.ending !== undefined
  }

  /** How it ended, once it has. */
  get ended(): Promise<Ending> {
    return this.#child.ended
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  log(): string {
    return this.#child.log()
  }

  /** Waits until `holds` of its status; the status, or 'dead'. */
  async until(
    what: string,
    holds: (status: AgentStatus) => boolean,
  ): Promise<AgentStatus | 'dead'> {
    let last: AgentStatus | undefined
    return until(
      async () => {
        if (this.dead) return 'dead'
        const status = await this.status()
        last = status ?? last
        return status !== undefined && status.flows.length > 0 && holds(status) ? status : undefined
      },
      PATIENCE_MS,
      () => `not ${what}\n${JSON.stringify(last, null, 1)}\n${this.log().slice(-6000)}`,
    )
  }

  /** undefined while it does not answer. */
  async status(): Promise<AgentStatus | undefined> {
    return (await this.#get('status'))?.json() as Promise<AgentStatus | undefined>
  }

  async metrics(): Promise<string | undefined> {
    return (await this.#get('metrics'))?.text()
  }

  async #get(path: string): Promise<Response | undefined> {
    this.#address ??= /(127\.0\.0\.1:[1-9]\d*)/.exec(this.#child.log())?.[1]
    if (this.#address === undefined) return undefined
    try {
      const response = await fetch(`http://${this.#address}/${path}`)
      // The body too is read before the agent can die.
      return new Response(await response.arrayBuffer())
    } catch {
      return undefined
    }
  }
}
