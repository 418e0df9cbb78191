import * as fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { KubeClient } from '../../operator/kube/client.ts'
import { KubeError } from '../../operator/kube/errors.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { Transport } from '../../operator/kube/transport.ts'
import { mutate, mutation } from '../avro/mutations.ts'
import { FakeServer } from '../kube/fake-server.ts'
import { kubeParts } from '../kube/fixture.ts'

/** More for a longer search: FUZZ_RUNS=20000. A failure prints its seed and the smallest case. */
const RUNS = Math.ceil(Number(process.env['FUZZ_RUNS'] ?? 400) / 4)

const { configMaps } = RESOURCES
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`
const stream = Buffer.from(
  [
    line('ADDED', { metadata: { name: 'a', resourceVersion: '1' } }),
    line('BOOKMARK', { metadata: { resourceVersion: '2' } }),
    line('ERROR', { kind: 'Status', code: 410, details: { causes: [{ reason: 'x' }] } }),
  ].join(''),
)

const garbage = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.json().map((text) => Buffer.from(`${text}\n`)),
  fc
    .tuple(fc.constantFrom('ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR'), fc.jsonValue())
    .map(([type, object]) => Buffer.from(`${JSON.stringify({ type, object })}\n`)),
  fc
    .array(mutation, { minLength: 1, maxLength: 3 })
    .map((changes) => changes.reduce<Buffer>((bytes, each) => mutate(bytes, each), stream)),
)

let server: FakeServer
let transport: Transport
let client: KubeClient

beforeAll(async () => {
  const parts = kubeParts()
  server = await FakeServer.start()
  const { clock, random, metrics } = parts
  transport = new Transport({ server: server.api, userAgent: 'fuzz', clock, metrics })
  client = new KubeClient({ transport, fieldManager: 'fuzz', clock, random })
})
afterAll(async () => {
  transport.close()
  await server.close()
})

/** Resolves, or rejects with an error of ours. */
async function isSettledWell(call: Promise<unknown>): Promise<void> {
  try {
    await call
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(KubeError)
  }
}

async function watched(): Promise<void> {
  const { signal } = new AbortController()
  for await (const event of client.watch(configMaps, { resourceVersion: '1', signal })) {
    if (event.type === 'BOOKMARK') expect(event.resourceVersion).toBeDefined()
    else expect(event.object.metadata.name).toBeDefined()
  }
}

describe('a client that is answered anything', () => {
  test('ends a watch well or with an error of its own', async () => {
    await fc.assert(
      fc.asyncProperty(garbage, fc.constantFrom('end', 'reset'), async (raw, after) => {
        server.fail('watch', { raw, after })
        await isSettledWell(watched())
      }),
      { numRuns: RUNS },
    )
  })

  test('so it does with every call', async () => {
    const status = fc.oneof(
      fc.constantFrom(200, 201, 404, 409, 410, 422, 429, 500),
      fc.integer({ min: 200, max: 599 }),
    )
    const body = fc.oneof(fc.string(), fc.json())
    await fc.assert(
      fc.asyncProperty(status, body, fc.string(), async (code, text, after) => {
        const headers = { 'retry-after': after.replaceAll(/[^\x20-\x7e]/g, '') }
        const fault = { status: code, body: text, headers }
        server.fail('list', fault)
        await isSettledWell(client.list(configMaps))
        server.fail('get', fault)
        await isSettledWell(client.get(configMaps, { namespace: 'a', name: 'b' }))
        server.fail('DELETE', fault)
        await isSettledWell(client.delete(configMaps, { namespace: 'a', name: 'b' }))
      }),
      { numRuns: RUNS },
    )
  })
})
