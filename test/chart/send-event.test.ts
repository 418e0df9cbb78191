import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import type { Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { freePort } from '../../hack/bench/free-port.ts'
import { Workbench } from '../cli/flume.ts'
import { SERVER_FILES, certificatePath } from '../tls/certificates.ts'
import { sendEvent, startAgent } from './send-event.ts'
import type { Account } from './send-event.ts'

/** The requests to the API server; each flow and pool has one condition. */
const requests: string[] = []
const api: Server = createServer(
  { cert: readFileSync(SERVER_FILES.certificate), key: readFileSync(SERVER_FILES.key) },
  (request, response) => {
    requests.push(`${request.method} ${request.url} ${request.headers.authorization}`)
    const conditions = [{ type: 'Ready', status: 'False', reason: 'SecretNotFound' }]
    response.end(JSON.stringify({ status: { conditions } }))
  },
)

let account: Account
let bench: Workbench

beforeAll(async () => {
  const { promise, resolve } = Promise.withResolvers<void>()
  api.listen(0, '127.0.0.1', resolve)
  await promise
  const { port } = api.address() as AddressInfo
  const ca = readFileSync(certificatePath('ca.pem'), 'utf8')
  account = { host: '127.0.0.1', port, ca, token: 'a-token' }
})

afterAll(() => {
  api.close()
  api.closeAllConnections()
})

beforeEach(() => {
  bench = new Workbench()
  requests.length = 0
})

afterEach(() => bench.clean())

const CLAIM = '/api/v1/namespaces/ns/persistentvolumeclaims/data-pool-test-0'
const settings = { namespace: 'ns', pool: 'pool-test', secondsMax: 15 }

const flowWith = (sink: object): object => ({
  apiVersion: 'flume-operator.io/v1alpha1',
  kind: 'FlumeFlow',
  metadata: { name: 'pool-test' },
  spec: {
    sources: [{ name: 'in', http: { port: 8080 } }],
    channels: [{ name: 'disk', file: { capacity: '64Mi' } }],
    sinks: [{ name: 'out', ...sink }],
  },
})

test('one event is sent, its delivery awaited, the volume claim removed', async () => {
  const agent = await startAgent(bench, 'pool-test', [flowWith({ logger: {} })])
  const { code, output } = await sendEvent(agent, account, settings)
  expect(output).toContain('An event went through the flow')
  expect(code).toBe(0)
  await agent.process.logged(/"body":"helm test 2/)
  expect(requests).toEqual([`DELETE ${CLAIM} Bearer a-token`])
})

test('without delivery it fails with what was missing and the conditions, and cleans up', async () => {
  const nobody = { avro: { host: '127.0.0.1', port: await freePort() } }
  const agent = await startAgent(bench, 'pool-test', [flowWith(nobody)])
  const { code, output } = await sendEvent(agent, account, { ...settings, secondsMax: 3 })
  expect(code).toBe(1)
  expect(output).toContain(
    'helm test failed: after 3 seconds, waiting until the sink has delivered it: 0 delivered, 1 wait',
  )
  expect(output).toMatch(/flumeagents\/pool-test: [^]*SecretNotFound/)
  expect(output).toMatch(/flumeflows\/pool-test: [^]*SecretNotFound/)
  expect(requests.at(-1)).toBe(`DELETE ${CLAIM} Bearer a-token`)
})

test('an agent that nobody reaches is named as such', async () => {
  const url = `http://127.0.0.1:${await freePort()}/`
  const nowhere = { sourceUrl: url, statusUrl: url }
  const { code, output } = await sendEvent(nowhere, account, { ...settings, secondsMax: 2 })
  expect(code).toBe(1)
  expect(output).toContain('waiting until the flow takes the event: connect ECONNREFUSED')
})
