import * as fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EVENT, HttpBench, head } from '../http/bench.ts'
import { turns } from '../sim/clock.ts'

/** More for a longer search: FUZZ_RUNS=20000. */
const RUNS = Number(process.env['FUZZ_RUNS'] ?? 400)

const BODY_BYTES_MAX = 2048
const BODIES_BYTES_MAX = 8192
const EVENTS_MAX = 20
const CONFIG = {
  maxBodySize: BODY_BYTES_MAX,
  maxBodiesSize: BODIES_BYTES_MAX,
  maxEvents: EVENTS_MAX,
  headersTimeout: '200ms',
  requestTimeout: '200ms',
}

let bench: HttpBench

beforeEach(async () => {
  bench = await HttpBench.start(CONFIG)
})

afterEach(() => bench.source.stop())

/** The source is as it was before the first request: nothing held, nothing broken. */
async function expectUnharmed(): Promise<void> {
  while (bench.status()['connections'] !== 0 || bench.status()['requestsInFlight'] !== 0)
    await turns()
  expect(bench.status()).toMatchObject({ bytesInFlight: 0 })
  expect(bench.errors).toEqual([])
  expect(bench.failures).toEqual([])
  expect((await bench.send(EVENT)).status).toBe(200)
}

const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom('', '\ud800', '__proto__', '\u0000"\\', 'x'.repeat(300)),
)
const scalar = fc.oneof(text, fc.double(), fc.boolean(), fc.constant(null))
const event = fc.oneof(
  { weight: 8, arbitrary: fc.record({ headers: fc.dictionary(text, scalar), body: scalar }) },
  { weight: 1, arbitrary: fc.record({ headers: fc.dictionary(text, text) }) },
  { weight: 1, arbitrary: fc.jsonValue() },
)
const events = fc.array(event, { maxLength: 6 }).map((list) => Buffer.from(JSON.stringify(list)))
const whole = fc.oneof(
  { weight: 6, arbitrary: events },
  { weight: 1, arbitrary: fc.json().map((json) => Buffer.from(json)) },
  { weight: 1, arbitrary: fc.nat(200).map((depth) => Buffer.alloc(depth, '[')) },
  { weight: 1, arbitrary: fc.nat(1000).map((n) => Buffer.from(`[${'{},'.repeat(n)}{}]`)) },
)
const change = fc.record({
  at: fc.nat(),
  removed: fc.nat(3),
  added: fc.oneof(
    fc.uint8Array({ maxLength: 3 }),
    fc.constantFrom(
      ...['"', '\\', '[', '{', ',', '1e999', "'", '\u2028'].map((s) => Buffer.from(s)),
    ),
  ),
})

function changed(
  bytes: Buffer,
  changes: readonly { at: number; removed: number; added: Uint8Array }[],
) {
  return changes.reduce((now, { at, removed, added }) => {
    const place = at % (now.length + 1)
    return Buffer.concat([now.subarray(0, place), added, now.subarray(place + removed)])
  }, bytes)
}

const body = fc.oneof(
  whole,
  fc
    .tuple(whole, fc.array(change, { maxLength: 3 }))
    .map(([bytes, changes]) => changed(bytes, changes)),
)

interface Outcome {
  readonly status: number
  readonly events: readonly (readonly [Readonly<Record<string, string>>, string])[]
}

/** What the guide says of a body, written down a second time and as simply as it can be. */
function expected(bytes: Buffer): Outcome {
  if (bytes.length > BODY_BYTES_MAX) return { status: 413, events: [] }
  let list: unknown
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    list = JSON.parse(json, asWritten)
  } catch {
    return { status: 400, events: [] }
  }
  if (!Array.isArray(list)) return { status: 400, events: [] }
  try {
    return { status: 200, events: list.map(expectedEvent) }
  } catch {
    return { status: 400, events: [] }
  }
}

function asWritten(_: string, value: unknown, context: { readonly source?: string } = {}): unknown {
  return typeof value === 'number' ? context.source : value
}

function expectedEvent(value: unknown): [Record<string, string>, string] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error('event')
  const { headers = {}, body: content = '' } = value as { headers?: unknown; body?: unknown }
  if (typeof headers !== 'object' || Array.isArray(headers)) throw new Error('headers')
  const pairs = Object.entries(headers ?? {})
    .filter(([, each]) => each !== null)
    .map(([name, each]) => [name.toWellFormed(), expectedText(each)])
  return [Object.fromEntries(pairs) as Record<string, string>, expectedText(content ?? '')]
}

function expectedText(value: unknown): string {
  if (typeof value !== 'string' && typeof value !== 'boolean') throw new Error('text')
  return String(value).toWellFormed()
}

function commasIn(bytes: Buffer): number {
  return bytes.filter((byte) => byte === 0x2c).length
}

/** The body in chunks, cut where `cuts` say, and the whole request in writes cut the same way. */
function pieces(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const all = [0, ...places, bytes.length]
  return all.slice(1).map((end, i) => bytes.subarray(all[i], end))
}

function chunked(bytes: Buffer, cuts: readonly number[]): Buffer {
  const chunks = pieces(bytes, cuts).flatMap((piece) =>
    // A chunk without bytes would be the last one.
    piece.length === 0
      ? []
      : [Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n')],
  )
  const start = head(0, 'Connection: close').replace(
    'Content-Length: 0',
    'Transfer-Encoding: chunked',
  )
  return Buffer.concat([Buffer.from(start), ...chunks, Buffer.from('0\r\n\r\n')])
}

function counted(bytes: Buffer): Buffer {
  return Buffer.concat([Buffer.from(head(bytes.length, 'Connection: close')), bytes])
}

describe('http source under random input', () => {
  it('answers every body as the guide says, however it is cut', async () => {
    const cuts = fc.array(fc.nat(), { maxLength: 8 })
    await fc.assert(
      fc.asyncProperty(body, fc.boolean(), cuts, cuts, async (bytes, inChunks, inner, outer) => {
        bench.intake.taken.length = 0
        const connection = bench.connect()
        const request = inChunks ? chunked(bytes, inner) : counted(bytes)
        for (const piece of pieces(request, outer)) {
          connection.write(piece)
          await turns()
        }
        const status = Number(/^HTTP\/1.1 (\d+)/.exec(await connection.closed)?.[1])
        const wanted = expected(bytes)
        const isLarge = status === 413 && wanted.status !== 413
        // Too many events, too deep or too wide: the model has no such bounds.
        if (isLarge) expect(commasIn(bytes)).toBeGreaterThanOrEqual(EVENTS_MAX)
        else expect({ status, events: bench.intake.events() }).toEqual(wanted)
      }),
      { numRuns: RUNS },
    )
    await expectUnharmed()
  })

  it('is not harmed by bytes that are no HTTP, and closes those connections', async () => {
    const request = fc
      .tuple(body, fc.boolean())
      .map(([bytes, inChunks]) => (inChunks ? chunked(bytes, [7, 99]) : counted(bytes)))
    const noise = fc.oneof(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      fc
        .tuple(request, fc.array(change, { minLength: 1, maxLength: 6 }))
        .map(([each, changes]) => changed(each, changes)),
      fc.tuple(request, fc.nat()).map(([each, length]) => each.subarray(0, length % each.length)),
      fc.array(request, { maxLength: 4 }).map((list) => Buffer.concat(list)),
    )
    const sends = fc.array(fc.tuple(noise, fc.boolean()), { minLength: 20, maxLength: 60 })
    await fc.assert(
      fc.asyncProperty(sends, async (all) => {
        const connections = all.map(([bytes, ends]) => {
          const connection = bench.connect()
          connection.write(bytes)
          if (ends) connection.socket.end()
          return connection
        })
        // Those that do not end by themselves are cut off, but for one that was answered and kept.
        while (connections.some(({ socket }) => !socket.closed)) {
          expect(bench.status()['bytesInFlight']).toBeLessThanOrEqual(BODIES_BYTES_MAX)
          const idle = bench.status()['requestsInFlight'] === 0
          for (const { socket } of connections) if (idle && socket.bytesRead > 0) socket.end()
          await turns()
        }
      }),
      { numRuns: Math.ceil(RUNS / 40) },
    )
    await expectUnharmed()
  })

  it('holds no more than it may of many bodies that never end', async () => {
    const connections = Array.from({ length: 100 }, () => bench.connect())
    let most = 0
    for (let i = 0; i < 8; i++) {
      for (const connection of connections)
        connection.write(i === 0 ? head(BODY_BYTES_MAX) : Buffer.alloc(250, '['))
      await turns(5)
      most = Math.max(most, bench.status()['bytesInFlight'] as number)
    }
    expect(most).toBeGreaterThan(BODY_BYTES_MAX)
    expect(most).toBeLessThanOrEqual(BODIES_BYTES_MAX)
    for (const { closed } of connections)
      expect(await closed).toMatch(/^(?:HTTP\/1.1 (?:408|503)|$)/)
    await expectUnharmed()
  })
})
