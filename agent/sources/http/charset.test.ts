import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { charsetOf, decode, encode } from './charset.ts'
import type { Charset } from './charset.ts'

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('charsetOf', () => {
  it.each([
    [undefined, 'utf-8'],
    ['application/json', 'utf-8'],
    ['application/json; charset=UTF-8', 'utf-8'],
    ['application/json;charset="utf-16"', 'utf-16'],
    ['application/json; profile=x; Charset = UTF-32 ; v=1', 'utf-32'],
    ['charset=utf-16', 'utf-8'],
    ['application/json; charset=iso-8859-1', undefined],
    ['application/json; charset=utf-16le', undefined],
    ['application/json; charset=', undefined],
  ])('of %j is %s', (contentType, expected) => {
    expect(charsetOf(contentType)).toBe(expected)
  })
})

describe('decode', () => {
  it.each<[Charset, string, string]>([
    ['utf-8', 'efbbbf 68c3a9', 'hé'],
    ['utf-16', '0068 00e9 d83d de00', 'hé😀'],
    ['utf-16', 'feff 0068', 'h'],
    ['utf-16', 'fffe 6800', 'h'],
    ['utf-32', '00000068 0001f600', 'h😀'],
    ['utf-32', '0000feff 00000068', 'h'],
    ['utf-32', 'fffe0000 68000000', 'h'],
    ['utf-32', '', ''],
  ])('%s %s', (charset, bytes, text) => {
    expect(decode(hex(bytes), charset)).toBe(text)
  })

  it.each<[Charset, string, number]>([
    ['utf-8', '41 ff 42', 1],
    ['utf-8', '41 42 c3', 2],
    ['utf-8', '41 eda080', 1],
    ['utf-16', '0041 d800 0042', 2],
    ['utf-16', '0041 00', 2],
    ['utf-32', '00000041 00110000', 4],
    ['utf-32', '00000041 0000d800', 4],
    ['utf-32', '00000041 00', 5],
  ])('refuses %s %s from byte %i on', (charset, bytes, at) => {
    const result = decode(hex(bytes), charset)
    expect(result).toMatchObject({ status: 400 })
    expect(result).toHaveProperty('reason', expect.stringContaining(` from byte ${at} on;`))
  })
})

describe('encode', () => {
  it('writes what Flume writes', () => {
    const each = (charset: Charset): [string, number[]] => {
      const { bodies, ends } = encode(['h', '', 'é😀'], charset)
      return [bodies.toString('hex'), [...ends]]
    }
    expect(each('utf-8')).toEqual(['68c3a9f09f9880', [1, 1, 7]])
    expect(each('utf-16')).toEqual(['feff0068feff00e9d83dde00', [4, 4, 12]])
    expect(each('utf-32')).toEqual(['00000068000000e90001f600', [4, 4, 12]])
  })

  it('writes ASCII in one go, ends included', () => {
    const { bodies, ends } = encode(['ab', '', 'c'], 'utf-8')
    expect([bodies.toString(), [...ends]]).toEqual(['abc', [2, 2, 3]])
  })

  it('never joins halves of a surrogate pair of two events', () => {
    const halves = ['\ud83d', '\ude00']
    expect(encode(halves, 'utf-8').bodies.toString('hex')).toBe('efbfbdefbfbd')
    expect(encode(halves, 'utf-16').bodies.toString('hex')).toBe('fefffffdfefffffd')
    expect(encode(halves, 'utf-32').bodies.toString('hex')).toBe('0000fffd0000fffd')
  })

  it('is undone by decode, text by text', () => {
    const charsets = fc.constantFrom<Charset>('utf-8', 'utf-16', 'utf-32')
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 8 }))
    fc.assert(
      fc.property(charsets, texts, (charset, list) => {
        const { bodies, ends } = encode(list, charset)
        const back = list.map((_, i) => decode(bodies.subarray(ends[i - 1] ?? 0, ends[i]), charset))
        // A byte order mark at the beginning of a text is taken for what it is.
        const mark = charset === 'utf-16' ? /^(?!)/ : /^\ufeff/
        expect(back).toEqual(list.map((text) => text.replace(mark, '')))
        expect(bodies.length).toBe(ends.at(-1) ?? 0)
      }),
    )
  })
})
