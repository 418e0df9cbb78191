import { describe, expect, it } from 'vitest'
import { batchOf, bodyAt, headersAt } from '../../core/batch.ts'
import type { Batch } from '../../core/batch.ts'
import type { Intercepted } from '../../core/interceptor.ts'
import { validateInterceptorSchema } from './config.ts'
import { createInterceptor } from './interceptor.ts'

const origin = {
  stream: 's',
  from: 0,
  to: 40,
  offsets: Float64Array.of(10, 20, 30, 40),
  memo: '',
  routing: '',
}

const BATCH = batchOf(
  [
    { headers: { app: 'web' }, body: Buffer.from('{}') },
    { headers: {}, body: Buffer.from('{') },
    { headers: { app: 'web', invalid: 'forged' }, body: Buffer.from('[]') },
    { headers: { app: 'web' }, body: Buffer.from('no') },
  ],
  origin,
)

const CHECKS = { requiredHeaders: ['app'], json: true }
const MISSING = 'the header "app" is missing'
const NOT_JSON = 'the body is not JSON'

function intercept(config: object, batch = BATCH): Batch | Intercepted {
  return createInterceptor(validateInterceptorSchema.parse(config))(batch)
}

const bodies = (batch: Batch): string[] =>
  Array.from({ length: batch.count }, (_, i) => bodyAt(batch, i).toString())

describe('validate', () => {
  it('hands what is not valid to the dead-letter channel, each with its first reason', () => {
    const { batch, deadLetters } = intercept(CHECKS) as Intercepted
    expect(bodies(batch)).toEqual(['{}', '[]'])
    expect(batch.origin).toEqual({ ...origin, offsets: Float64Array.of(10, 30) })
    expect(deadLetters.map(({ reason, kind }) => [reason, kind])).toEqual([
      [MISSING, 'invalid'],
      [NOT_JSON, 'invalid'],
    ])
    expect(deadLetters.map((each) => bodies(each.batch))).toEqual([['{'], ['no']])
    expect(deadLetters[1]!.batch.origin).toEqual({ ...origin, offsets: Float64Array.of(40) })
  })

  it('drops what is not valid', () => {
    const batch = intercept({ ...CHECKS, action: 'drop' }) as Batch
    expect(bodies(batch)).toEqual(['{}', '[]'])
    expect(batch.origin).toMatchObject({ from: 0, to: 40 })
  })

  it('tags what is not valid, and takes the tag from what is', () => {
    const batch = intercept({ ...CHECKS, action: 'tag' }) as Batch
    expect(Array.from({ length: 4 }, (_, i) => ({ ...headersAt(batch, i) }))).toEqual([
      { app: 'web' },
      { invalid: MISSING },
      { app: 'web' },
      { app: 'web', invalid: NOT_JSON },
    ])
    expect(batch.bodies).toBe(BATCH.bodies)
    expect(batch.origin).toBe(origin)
  })

  it('takes a forged tag away although all events are valid', () => {
    const forged = batchOf([{ headers: { why: 'x' }, body: Buffer.from('1') }])
    const batch = intercept({ json: true, action: 'tag', tagHeader: 'why' }, forged) as Batch
    expect({ ...headersAt(batch, 0) }).toEqual({})
  })

  it.each(['drop', 'tag', 'deadLetter'])('copies nothing when all is valid, with %s', (action) => {
    const valid = batchOf([{ body: Buffer.from('1') }, { body: Buffer.from('2') }])
    expect(intercept({ json: true, action }, valid)).toBe(valid)
    expect(intercept({ json: true, utf8: true, maxBodySize: 1, action }, valid)).toBe(valid)
  })

  it('leaves an empty batch with its origin when nothing is valid', () => {
    const { batch, deadLetters } = intercept({ maxBodySize: 0 }) as Intercepted
    expect(batch).toMatchObject({ count: 0, origin: { from: 0, to: 40 } })
    expect(deadLetters[0]!.batch.count).toBe(4)
  })
})

it('asks for at least one check', () => {
  const { error } = validateInterceptorSchema.safeParse({ action: 'drop' })
  expect(error!.issues[0]!.message).toBe(
    'expected at least one check: requiredHeaders, maxBodySize, utf8 or json',
  )
})
