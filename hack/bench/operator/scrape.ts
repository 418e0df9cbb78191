/** What one reading of the operator's metrics says. */
export class Scrape {
  readonly #lines: readonly Line[]

  constructor(text: string) {
    this.#lines = text.split('\n').flatMap((line) => parse(line) ?? [])
  }

  /** Of all lines with these labels together. */
  sum(name: string, labels: Readonly<Record<string, string>> = {}): number {
    return this.#lines
      .filter((line) => line.name === name)
      .filter((line) => Object.entries(labels).every(([key, value]) => line.labels[key] === value))
      .reduce((sum, line) => sum + line.value, 0)
  }

  /** Requests to the API server by `verb kind`, those since `before` if there is one. */
  requests(before?: Scrape): ReadonlyMap<string, number> {
    const counts = this.#lines
      .filter(({ name }) => name === 'flume_operator_api_requests_total')
      .map(({ labels, value }) => {
        const { verb = '', kind = '' } = labels
        const earlier = before?.sum('flume_operator_api_requests_total', { verb, kind }) ?? 0
        return [`${verb} ${kind}`, value - earlier] as const
      })
    return new Map(counts.filter(([, count]) => count > 0))
  }

  /** Those that change something, but for the lease, which is renewed all the time. */
  writes(before?: Scrape): ReadonlyMap<string, number> {
    return new Map([...this.requests(before)].filter(([call]) => isWrite(call)))
  }
}

const READS = new Set(['get', 'list', 'watch', 'dry-run'])

function isWrite(call: string): boolean {
  const [verb = '', kind] = call.split(' ')
  return !READS.has(verb) && kind !== 'Lease'
}

interface Line {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** `name{a="b",c="d"} 7`; undefined for any other line. */
function parse(line: string): Line | undefined {
  const match = /^([a-z_:]+)(?:\{(.*)\})? ([-+.\deInfNa]+)$/i.exec(line)
  if (match === null) return undefined
  const [, name = '', labels = '', value] = match
  const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, text]) => [key, text])
  return { name, labels: Object.fromEntries(pairs) as Line['labels'], value: Number(value) }
}
