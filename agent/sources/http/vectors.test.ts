import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { HttpBench } from '../../../test/http/bench.ts'

/** One line of testdata/http-json.jsonl: what Flume 1.11 answers to one request. */
interface Vector {
  readonly body: string
  readonly events?: readonly (readonly [Readonly<Record<string, string | null>>, string])[]
  readonly status?: number
}

/** Where Flume answers 500 to what is the client's mistake. */
const CORRECTED: ReadonlyMap<string, number> = new Map([
  ['', 400],
  ['null', 400],
  ['[null]', 400],
  ['[{"headers":{},"body":"x"},]', 400],
])

const vectors = readFileSync(new URL('testdata/http-json.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector)

let bench: HttpBench

beforeAll(async () => {
  bench = await HttpBench.start()
})

afterAll(() => bench.source.stop())

describe("Flume's JSON handler", () => {
  const cases = [...vectors, { body: 'null', status: 500 }]
  it.each(cases.map((vector) => [vector.body, vector] as const))('%s', async (body, vector) => {
    const status = CORRECTED.get(body) ?? vector.status ?? 200
    for (const method of ['POST', 'GET']) {
      bench.intake.taken.length = 0
      const reply = await bench.send(body, { method })
      expect(reply.status).toBe(status)
      expect(bench.intake.events()).toEqual((vector.events ?? []).map(withoutNulls))
      expect(reply.text === '').toBe(status === 200)
    }
  })
})

/** Our headers are text or absent; null means absent. */
function withoutNulls([headers, body]: readonly [object, string]): readonly [object, string] {
  return [Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== null)), body]
}

// The cases of Flume's TestHTTPSource.
describe("Flume's HTTP source", () => {
  it('takes two events of one POST in order', async () => {
    bench.intake.taken.length = 0
    const events = [
      { headers: { a: 'b' }, body: 'random_body' },
      { headers: { e: 'f' }, body: 'random_body2' },
    ]
    expect((await bench.send(JSON.stringify(events))).status).toBe(200)
    expect(bench.intake.events()).toEqual(events.map(({ headers, body }) => [headers, body]))
  })

  it.each(['TRACE', 'OPTIONS'])('answers 403 to %s', async (method) => {
    expect((await bench.send('', { method })).status).toBe(403)
  })

  it('answers 400 to what is not JSON', async () => {
    const body = '[{"a": "b",["d":"e"],"body": "random_body"},{"e": "f"}]'
    expect((await bench.send(body)).status).toBe(400)
  })

  it('gives the body of an event the charset of its request', async () => {
    bench.intake.taken.length = 0
    const text = Buffer.from('[{"body":"hé"}]', 'utf16le').swap16()
    const headers = { 'content-type': 'application/json; charset=UTF-16' }
    expect((await bench.send(text, { headers })).status).toBe(200)
    expect(bench.intake.taken[0]!.bodies.toString('hex')).toBe('feff006800e9')
  })

  it('answers 503 while the channels are full', async () => {
    const full = await HttpBench.start({ roomTimeout: '10ms' })
    full.intake.hasRoom = false
    expect((await full.send('[{"body":"x"}]')).status).toBe(503)
    await full.source.stop()
  })
})
