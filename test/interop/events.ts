import type { WireEvent } from '../../hack/bench/avro-frames.ts'

/**
 * Events that are hard to carry, each a function of its number: headers that are not ASCII or empty,
 * bodies that are empty, of arbitrary bytes, of 1 MiB.
 */
const LARGE_BYTES = 2 ** 20
const LARGE_EVERY = 25_000
const ID = 'id'

export function eventAt(number: number): WireEvent {
  return { headers: headersOf(number), body: bodyOf(number) }
}

function headersOf(number: number): [string, string][] {
  const headers: [string, string][] = [
    [ID, String(number)],
    ['host', 'web-17.example.org'],
    ['größe', `Straße ${number % 7}, 漢字, 🙂`],
  ]
  if (number % 10 === 3) headers.push(['leer', ''])
  if (number % 100 === 7) headers.push(['', 'of no name'], ['line\nfeed "and" more', '\t\u0000\\'])
  return headers
}

function bodyOf(number: number): Buffer {
  if (number % LARGE_EVERY === 13) return pattern(number, LARGE_BYTES)
  if (number % 1000 === 0) return Buffer.alloc(0)
  if (number % 50 === 1) return pattern(number, 256)
  return Buffer.from(`event ${number} ${'ü漢x '.repeat(number % 20)}`)
}

/** All bytes there are, line feeds and what is no UTF-8 among them. */
function pattern(number: number, bytes: number): Buffer {
  const block = Buffer.from(Uint8Array.from({ length: 256 }, (_, i) => (i * 7 + number) & 0xff))
  return Buffer.alloc(bytes, block)
}

export interface Received {
  readonly headers: ReadonlyMap<string, string>
  readonly body: Buffer
}

/** Which of the events 0 to `count` came, how often, and whether each byte was right. */
export class Tally {
  readonly #times: Uint16Array
  /** What is wrong with the first events that are. */
  readonly wrong: string[] = []
  received = 0

  constructor(count: number) {
    this.#times = new Uint16Array(count)
  }

  add(event: Received): void {
    this.received++
    const number = Number(event.headers.get(ID) ?? Number.NaN)
    if (!(number >= 0 && number < this.#times.length)) {
      this.#isWrong(`an event nobody sent: ${show(event)}`)
      return
    }
    this.#times[number]!++
    const sent = eventAt(number)
    if (!sameHeaders(sent.headers, event.headers) || Buffer.compare(sent.body, event.body) !== 0) {
      this.#isWrong(`event ${number} came as ${show(event)}`)
    }
  }

  get missing(): number {
    return this.#times.reduce((sum, times) => sum + (times === 0 ? 1 : 0), 0)
  }

  /** How many came a second time, or more often. */
  get repeated(): number {
    return this.#times.reduce((sum, times) => sum + Math.max(0, times - 1), 0)
  }

  #isWrong(what: string): void {
    if (this.wrong.length < 5) this.wrong.push(what)
  }
}

function sameHeaders(
  sent: readonly (readonly [string, string])[],
  received: ReadonlyMap<string, string>,
): boolean {
  return (
    sent.length === received.size && sent.every(([name, value]) => received.get(name) === value)
  )
}

function show({ headers, body }: Received): string {
  return `${JSON.stringify([...headers])} ${body.length} bytes ${body.subarray(0, 64).toString('latin1')}`
}
