import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from '../cli/flume.ts'
import type { FlumeProcess, Workbench } from '../cli/flume.ts'

/** What the pod of `helm test` runs, as a process here, with a real agent at the other end. */

const SCRIPT = join(ROOT, 'charts', 'flume-operator', 'files', 'send-event.mts')

/** Where an agent takes events and shows its status. */
export interface Agent {
  readonly process: FlumeProcess
  readonly sourceUrl: string
  readonly statusUrl: string
}

/** Runs the flow `name` of these manifests, whose `http` source is called `in` and takes a free port. */
export async function startAgent(
  bench: Workbench,
  name: string,
  manifests: readonly object[],
): Promise<Agent> {
  const file = bench.path('manifests.yaml')
  writeFileSync(file, manifests.map((each) => JSON.stringify(each)).join('\n---\n'))
  const running = bench.run(file, [`--port=${name}/in=0`])
  const [, port] = await running.logged(/"port":(\d+),"msg":"http source listens"/)
  const [, admin] = await running.logged(/"admin":"([^"]+)"/)
  return {
    process: running,
    sourceUrl: `http://127.0.0.1:${port}/`,
    statusUrl: `http://${admin}/status`,
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

export interface Ended {
  readonly code: number | null
  readonly output: string
}

/** Runs the script and gives how it ended. */
export async function sendEvent(
  { sourceUrl, statusUrl }: Pick<Agent, 'sourceUrl' | 'statusUrl'>,
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
    SOURCE_URL: sourceUrl,
    STATUS_URL: statusUrl,
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
