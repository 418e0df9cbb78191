import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { checksOf } from './checks.ts'
import { validateInterceptorSchema } from './config.ts'

/** A batch as a tail source makes it: a line feed behind each body. */
function lines(bodies: readonly Buffer[]): Batch {
  const each = bodies.map((body) => ({ body: Buffer.concat([body, Buffer.from('\n')]) }))
  return { ...batchOf(each), gap: 1 }
}

function failing(config: object, batch: Batch): number[][] {
  return checksOf(validateInterceptorSchema.parse(config)).map(({ find }) => {
    const failed: number[] = []
    find(batch, (i) => failed.push(i))
    return failed
  })
}

const bytes = (...texts: (string | number[])[]): Buffer[] =>
  texts.map((text) => (typeof text === 'string' ? Buffer.from(text) : Buffer.from(text)))

describe('requiredHeaders', () => {
  const events = [{ a: 'x', b: '' }, { a: 'x' }, { a: 'x', b: 'y' }]
  const batch = batchOf(events.map((headers) => ({ headers, body: Buffer.alloc(0) })))

  it('finds events without one, whether it is common, in a column or nowhere', () => {
    expect(failing({ requiredHeaders: ['a', 'b', 'c'] }, batch)).toEqual([[], [1], [0, 1, 2]])
  })

  it('names the header', () => {
    const [check] = checksOf(validateInterceptorSchema.parse({ requiredHeaders: ['app'] }))
    expect(check!.reason).toBe('the header "app" is missing')
  })
})

describe('maxBodySize', () => {
  it('counts bytes, and not what stands between the bodies', () => {
    const bodies = bytes('abc', 'abcd', '', 'éé')
    expect(failing({ maxBodySize: 3 }, batchOf(bodies.map((body) => ({ body }))))).toEqual([[1, 3]])
    expect(failing({ maxBodySize: 3 }, lines(bodies))).toEqual([[1, 3]])
  })
})

describe('utf8', () => {
  it('finds bodies that are not, also where two of them together are', () => {
    const bodies = bytes('é', [0xc3], [0xa9], '', 'a')
    expect(failing({ utf8: true }, batchOf(bodies.map((body) => ({ body }))))).toEqual([[1, 2]])
    expect(failing({ utf8: true }, lines(bodies))).toEqual([[1, 2]])
  })

  it('finds none among ASCII and among good lines', () => {
    expect(failing({ utf8: true }, batchOf([{ body: Buffer.from('a') }]))).toEqual([[]])
    expect(failing({ utf8: true }, lines(bytes('é', '😀')))).toEqual([[]])
  })
})

describe('json', () => {
  it('finds bodies that are not', () => {
    const bodies = bytes('{}', '', 'null', '{"a":}', '"é"', [0x22, 0xff, 0x22], '1 2', ' [1] ')
    expect(failing({ json: true }, batchOf(bodies.map((body) => ({ body }))))).toEqual([
      [1, 3, 5, 6],
    ])
  })

  it('ends on what is nested deeply', () => {
    const deep = Buffer.from('['.repeat(100_000) + ']'.repeat(100_000))
    expect(failing({ json: true }, lines([deep, deep.subarray(1)]))).toEqual([[1]])
  })
})

it('finds the same events in a batch as in each alone', () => {
  const body = fc.oneof(
    fc.uint8Array({ maxLength: 4 }).map((each) => Buffer.from(each)),
    fc.json().map((text) => Buffer.from(text)),
    fc.constantFrom(...bytes('é', [0xc3], [0xa9], '"\u{1f600}"')),
  )
  const config = { maxBodySize: 5, utf8: true, json: true }
  fc.assert(
    fc.property(fc.array(body, { maxLength: 8 }), (bodies) => {
      for (const make of [
        lines,
        (all: readonly Buffer[]) => batchOf(all.map((each) => ({ body: each }))),
      ]) {
        const alone = bodies.map((each) => failing(config, make([each])))
        const together = failing(config, make(bodies))
        for (const [k, failed] of together.entries())
          expect(failed).toEqual(alone.flatMap((result, i) => (result[k]!.length > 0 ? [i] : [])))
      }
    }),
  )
})
