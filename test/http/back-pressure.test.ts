import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Workbench, until } from '../cli/flume.ts'

let bench: Workbench

beforeEach(() => {
  bench = new Workbench()
})

afterEach(() => bench.clean())

const EVENTS = 50
const PADDING = 'x'.repeat(2000)

async function post(port: number, batch: number): Promise<IncomingMessage> {
  const events = Array.from({ length: EVENTS }, (_, i) => ({ body: `${batch}/${i} ${PADDING}` }))
  const sent = request({ host: '127.0.0.1', port, method: 'POST', agent: false })
  sent.end(JSON.stringify(events))
  const [response] = (await once(sent, 'response')) as [IncomingMessage]
  response.resume()
  return response
}

test('a full channel is answered 503, nothing of that is delivered, and all that was answered 200 is', async () => {
  const out = bench.path('out')
  const manifest = bench.path('flow.yaml')
  writeFileSync(
    manifest,
    `
apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: web }
spec:
  sources:
    - name: in
      http: { bind: 127.0.0.1, port: 0, roomTimeout: 100ms }
  channels:
    - name: disk
      file: { capacity: 8Mi }
  sinks:
    - name: out
      file: { directory: ${out} }
`,
  )
  // A file where the sink wants a directory: the sink cannot start.
  writeFileSync(out, '')
  const agent = bench.run(manifest)
  const listens = await agent.logged(/"port":(\d+),"msg":"http source listens"/)
  const port = Number(listens[1])

  const taken: number[] = []
  let batch = 0
  let response = await post(port, batch)
  while (response.statusCode === 200) {
    taken.push(batch++)
    response = await post(port, batch)
  }
  expect(response).toMatchObject({ statusCode: 503, headers: { 'retry-after': '1' } })
  expect(taken.length).toBeGreaterThan(3)

  rmSync(out)
  await until('room again', async () => {
    batch++
    const { statusCode } = await post(port, batch)
    if (statusCode === 200) taken.push(batch)
    return statusCode === 200 ? true : undefined
  })
  const wanted = taken.flatMap((each) => Array.from({ length: EVENTS }, (_, i) => `${each}/${i}`))
  await until('all events in files', () => {
    const lines = readdirSync(out).flatMap((name) =>
      bench.read('out', name).split('\n').slice(0, -1),
    )
    return lines.length >= wanted.length ? lines : undefined
  }).then((lines) => expect(lines.map((line) => line.split(' ')[0])).toEqual(wanted))
})
