import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'

/*
 * What `helm test` runs in the cluster: sends one event to the source of the test's flow, waits until the
 * agent says that its sink has delivered it, and removes the volume of the agent. On failure it prints what
 * the operator says of the flow and its pool.
 */

const KINDS = '/apis/flume-operator.io/v1alpha1'

const secondsMax = Number(env('SECONDS_MAX'))
const deadline = AbortSignal.timeout(secondsMax * 1000)

try {
  await until('the flow takes the event', sent)
  await until('the sink has delivered it', delivered)
  console.log('An event went through the flow: accepted, on disk, delivered.')
} catch (error) {
  console.error(`helm test failed: ${(error as Error).message}`)
  await explain()
  process.exitCode = 1
} finally {
  const claim = `/api/v1/namespaces/${env('NAMESPACE')}/persistentvolumeclaims/data-${env('POOL')}-0`
  const { status } = await kubernetes('DELETE', claim)
  console.log(`The agent's volume claim: ${status < 300 ? 'removed' : `answered ${status}`}.`)
}

/** 200 means that the event is on the agent's disk. */
async function sent(): Promise<string | undefined> {
  const body = JSON.stringify([{ body: `helm test ${new Date().toISOString()}` }])
  const response = await fetch(env('SOURCE_URL'), { method: 'POST', body, signal: soon() })
  return response.status === 200 ? undefined : `answered ${response.status}`
}

async function delivered(): Promise<string | undefined> {
  const response = await fetch(env('STATUS_URL'), { signal: soon() })
  const { flows } = (await response.json()) as Status
  const flow = flows.find(({ name }) => name === env('FLOW'))
  const count = flow?.sinks[0]?.eventsTotal ?? 0
  const waiting = flow?.channels[0]?.stats?.backlogEvents
  return count > 0 && waiting === 0 ? undefined : `${count} delivered, ${waiting ?? 'unknown'} wait`
}

interface Status {
  readonly flows: readonly {
    readonly name: string
    readonly sinks: readonly { readonly eventsTotal: number }[]
    readonly channels: readonly { readonly stats?: { readonly backlogEvents: number } }[]
  }[]
}

/** Tries each second; `attempt` gives what is still missing. A change of that is printed. */
async function until(what: string, attempt: () => Promise<string | undefined>): Promise<void> {
  let last: string | undefined
  for (;;) {
    const missing = await attempt().catch((error: unknown) => reason(error))
    if (missing === undefined) return
    if (missing !== last) console.log(`Waiting until ${what}: ${missing}`)
    last = missing
    await delay(1000, undefined, { signal: deadline }).catch(() => {
      throw new Error(`after ${secondsMax} seconds, waiting until ${what}: ${missing}`)
    })
  }
}

/** The conditions of the flow and its pool, as the operator reports them. */
async function explain(): Promise<void> {
  for (const [plural, name] of [
    ['flumeagents', env('POOL')],
    ['flumeflows', env('FLOW')],
  ]) {
    const path = `${KINDS}/namespaces/${env('NAMESPACE')}/${plural}/${name}`
    const { text } = await kubernetes('GET', path)
    const { status } = JSON.parse(text) as { status?: { conditions?: readonly object[] } }
    console.error(`${plural}/${name}: ${JSON.stringify(status?.conditions ?? [], undefined, 1)}`)
  }
}

function kubernetes(method: string, path: string): Promise<{ status: number; text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const host = env('KUBERNETES_SERVICE_HOST')
  const port = env('KUBERNETES_SERVICE_PORT')
  const token = readFileSync(`${env('ACCOUNT')}/token`, 'utf8')
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  const ca = readFileSync(`${env('ACCOUNT')}/ca.crt`)
  const signal = AbortSignal.timeout(10_000)
  const call = request({ method, host, port, path, headers, ca, signal }, (response) => {
    let text = ''
    response.setEncoding('utf8').on('data', (part: string) => (text += part))
    response
      .on('end', () => resolve({ status: response.statusCode ?? 0, text }))
      .on('error', reject)
  })
  call.on('error', reject).end()
  return promise
}

function soon(): AbortSignal {
  return AbortSignal.any([AbortSignal.timeout(5000), deadline])
}

/** `fetch` says "fetch failed" and keeps why in the cause. */
function reason(error: unknown): string {
  const { message, cause } = error as { message: string; cause?: { message?: string } }
  return cause?.message ?? message
}

function env(name: string): string {
  const value = process.env[name]
  if (value === undefined) throw new Error(`${name} is not set`)
  return value
}
