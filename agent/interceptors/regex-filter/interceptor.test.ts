import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { batchOf, bodyAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import { regexFilterInterceptorSchema } from './config.ts'
import { createInterceptor, withoutPadding } from './interceptor.ts'

function linesOf(batch: Batch): string[] {
  return Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString())
}

/** A batch as a tail source makes it: the text of a file and where its lines end. */
function tailed(lines: readonly string[]): Batch {
  const bodies = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  const ends = new Uint32Array(lines.length)
  let at = 0
  for (const [i, line] of lines.entries()) ends[i] = at += Buffer.byteLength(line) + 1
  const offsets = Float64Array.from(ends)
  const origin = { stream: 's', from: 0, to: at, offsets, memo: '', routing: '' }
  return { ...batchOf([]), count: lines.length, bodies, ends, gap: 1, origin }
}

function filter(lines: readonly string[], config: object): Batch {
  return createInterceptor(regexFilterInterceptorSchema.parse(config))(tailed(lines))
}

describe('regexFilter', () => {
  it('keeps what matches, or drops it', () => {
    const lines = ['INFO a', 'DEBUG b', 'INFO c DEBUG']
    expect(linesOf(filter(lines, { regex: '^INFO' }))).toEqual(['INFO a', 'INFO c DEBUG'])
    expect(linesOf(filter(lines, { regex: 'DEBUG', exclude: true }))).toEqual(['INFO a'])
  })

  it('keeps everything by default and then copies nothing', () => {
    const lines = ['a', '', 'b']
    const batch = tailed(lines)
    expect(createInterceptor(regexFilterInterceptorSchema.parse({}))(batch)).toBe(batch)
  })

  it('ends with an empty batch whose origin still covers what was read', () => {
    const result = filter(['a', 'b'], { regex: 'x' })
    expect(result.count).toBe(0)
    expect(result.origin).toMatchObject({ from: 0, to: 4 })
  })

  it('keeps the offsets of the events that stay', () => {
    const result = filter(['a', 'bb', 'a'], { regex: 'a' })
    expect(result.origin).toMatchObject({ from: 0, to: 7, offsets: Float64Array.of(2, 7) })
  })

  it('takes ends of the body as ends of the text, not the line feed between bodies', () => {
    expect(linesOf(filter(['ab', 'b'], { regex: '^b$' }))).toEqual(['b'])
    expect(linesOf(filter(['a', ''], { regex: '^$' }))).toEqual([''])
  })

  it('reads bodies as UTF-8', () => {
    const lines = ['größer', 'grosser', 'Ärger 😀', 'gr\u00c3\u00b6\u00c3\u009fer']
    expect(linesOf(filter(lines, { regex: '^gr.ß' }))).toEqual(['größer'])
    expect(linesOf(filter(lines, { regex: '😀$' }))).toEqual(['Ärger 😀'])
    expect(linesOf(filter(['plain', 'text'], { regex: 'ö|x' }))).toEqual(['text'])
  })

  it('lets bytes that are not UTF-8 pass unchanged', () => {
    const body = Buffer.from([0xff, 0x41, 0xfe])
    const intercept = createInterceptor(regexFilterInterceptorSchema.parse({ regex: 'A' }))
    expect(bodyAt(intercept(batchOf([{ body }, { body: Buffer.from('B') }])), 0)).toEqual(body)
  })

  it('ends on lines made to stall a backtracking engine', () => {
    const lines = [`${'a'.repeat(40)}!`, 'aaa']
    expect(linesOf(filter(lines, { regex: '^(a+)+$' }))).toEqual(['aaa'])
  })

  it.each(['(a)\\1', 'a(?=b)', '('])('refuses %j at validation', (regex) => {
    const result = regexFilterInterceptorSchema.safeParse({ regex })
    expect(result.error?.issues[0]).toMatchObject({
      path: ['regex'],
      code: 'custom',
      params: { code: 'FLM1305' },
    })
  })
})

describe('withoutPadding', () => {
  it.each([
    ['.*DEBUG.*', 'DEBUG'],
    ['.*', ''],
    ['.*?a.*?', 'a'],
    ['^.*a', '^.*a'],
    ['a\\.*', 'a\\.*'],
    ['a\\\\.*', 'a\\\\'],
    ['.*a|b.*', 'a|b'],
  ])('makes %j into %j', (pattern, expected) => {
    expect(withoutPadding(pattern)).toBe(expected)
  })

  it('finds the same texts', () => {
    const part = fc.constantFrom(
      '.*',
      '.*?',
      'a',
      'b',
      '|',
      '\\.',
      '\\\\',
      '^',
      '$',
      '(?:a|.)',
      'a*',
    )
    fc.assert(
      fc.property(
        fc.array(part, { maxLength: 6 }),
        fc.string({ unit: fc.constantFrom('a', 'b', '.', '\\', '\n'), maxLength: 8 }),
        (parts, text) => {
          const pattern = parts.join('')
          try {
            void new RegExp(pattern)
          } catch {
            fc.pre(false)
          }
          expect(new RegExp(withoutPadding(pattern)).test(text)).toBe(
            new RegExp(pattern).test(text),
          )
        },
      ),
      { numRuns: 2000 },
    )
  })
})
