import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../cli/flume.ts'

/** What the pod of `helm test` runs, as a process here. */

const SCRIPT = join(ROOT, 'charts', 'flume-operator', 'files', 'send-event.mts')

export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** An agent as the script sees it: a source that answers what it is told, and a status. */
export class StandInAgent {
  /** Bodies of the events it was sent. */
  readonly events: string[] = []
  /** Answers of the source, first to last; the last one goes on. */
  answers: number[] = [200]
  /** What its status is about. */
  flow = 'pool-test'
  /** How often the status says that nothing is delivered yet. */
  behind = 1
  /** Of the source and of the status. */
  url = ''
  readonly #server: Server

  private constructor() {
    this.#server = createServer((request, response) => {
      if (request.method === 'GET') {
        response.end(JSON.stringify(this.#status()))
        return
      }
      void this.#take(request).then((status) => response.writeHead(status).end())
    })
  }

  static async start(): Promise<StandInAgent> {
    const agent = new StandInAgent()
    const { promise, resolve } = Promise.withResolvers<void>()
    agent.#server.listen(0, '127.0.0.1', resolve)
    await promise
    agent.url = `http://127.0.0.1:${(agent.#server.address() as AddressInfo).port}/`
    return agent
  }

  stop(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request: IncomingMessage): Promise<number> {
    let text = ''
    for await (const part of request.setEncoding('utf8')) text += String(part)
    const status = this.answers.length > 1 ? this.answers.shift()! : this.answers[0]!
    if (status === 200)
      this.events.push(...(JSON.parse(text) as { body: string }[]).map(({ body }) => body))
    return status
  }

  #status(): object {
    const done = this.events.length > 0 && this.behind-- <= 0
    const sinks = [{ name: 'out', eventsTotal: done ? 1 : 0 }]
    const channels = [{ name: 'disk', stats: { backlogEvents: done ? 0 : 1 } }]
    return { flows: [{ name: this.flow, sinks, channels }] }
  }
}

/** Where the API server is, and as whom to speak to it. */
export interface Account {
  readonly host: string
  readonly port: number
  readonly ca: string
  readonly token: string
}

export interface Settings {
  readonly namespace: string
  /** Also the name of the flow. */
  readonly pool: string
  readonly secondsMax: number
}

/** Runs the script and gives how it ended. */
export async function sendEvent(
  agent: StandInAgent,
  account: Account,
  settings: Settings,
): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'flume-helm-test-'))
  writeFileSync(join(folder, 'ca.crt'), account.ca)
  writeFileSync(join(folder, 'token'), account.token)
  const env = {
    PATH: process.env['PATH'],
    POOL: settings.pool,
    FLOW: settings.pool,
    NAMESPACE: settings.namespace,
    ACCOUNT: folder,
    SECONDS_MAX: String(settings.secondsMax),
    SOURCE_URL: agent.url,
    STATUS_URL: agent.url,
    KUBERNETES_SERVICE_HOST: account.host,
    KUBERNETES_SERVICE_PORT: String(account.port),
  }
  try {
    return await ended(env)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function ended(env: NodeJS.ProcessEnv): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>()
  const child = spawn(process.execPath, [SCRIPT], { env })
  let output = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.once('error', reject).once('close', (code) => resolve({ code, output }))
  return promise
}
