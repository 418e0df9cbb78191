import { expect, test } from 'vitest'
import { objectIn, pageIn, refusalInEvent, refusalOf } from './answers.ts'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) => ({
  status,
  headers,
  text: typeof body === 'string' ? body : JSON.stringify(body),
})

test('a Status is read: reason, sentence, causes by field', () => {
  const error = refusalOf(
    'apply Pod a/b',
    answer(422, {
      kind: 'Status',
      reason: 'Invalid',
      message: 'Pod "b" is invalid',
      details: { causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'spec.x' }] },
    }),
  )
  expect(error).toMatchObject({
    status: 422,
    reason: 'Invalid',
    serverMessage: 'Pod "b" is invalid',
    causes: [{ reason: 'FieldValueInvalid', message: 'bad', field: 'spec.x' }],
    retryable: false,
  })
})

test('a page of a proxy is shown in part', () => {
  const error = refusalOf('x', answer(502, `<html>${'bad gateway '.repeat(1000)}`))
  expect(error.serverMessage).toHaveLength(200)
  expect(error).toMatchObject({ status: 502, reason: '', retryable: true })
})

test('Retry-After comes from the header or the Status, in seconds, within reason', () => {
  const after = (headers: Record<string, string>, body: unknown = {}) =>
    refusalOf('x', answer(429, body, headers)).retryAfterMs
  expect(after({ 'retry-after': '2' })).toBe(2000)
  expect(after({}, { kind: 'Status', details: { retryAfterSeconds: 3 } })).toBe(3000)
  expect(after({ 'retry-after': '1e9' })).toBe(300_000)
  for (const nonsense of ['', '-1', 'soon'])
    expect(after({ 'retry-after': nonsense })).toBeUndefined()
})

test('an answer that is not JSON is an error of its own', () => {
  expect(() => objectIn(answer(200, 'oops'), 'get Pod a/b')).toThrow(
    'get Pod a/b: the answer (no type, 4 characters) is not JSON',
  )
  expect(objectIn(answer(201, { a: 1 }), 'x')).toEqual({ a: 1 })
})

test('an ERROR event is an error with its code, whatever its object is', () => {
  const gone = { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' }
  expect(refusalInEvent('watch pods', gone)).toMatchObject({ status: 410, reason: 'Expired' })
  expect(refusalInEvent('watch pods', null)).toMatchObject({ status: 500, retryable: true })
})

test('a page has a version and objects with names, or it is none', () => {
  const items = [{ metadata: { name: 'a' } }]
  const metadata = { resourceVersion: '7', continue: 'next' }
  expect(pageIn({ metadata, items }, 'x')).toEqual({
    objects: items,
    resourceVersion: '7',
    token: 'next',
  })
  const last = { metadata: { ...metadata, continue: '' }, items: null }
  expect(pageIn(last, 'x')).toEqual({ objects: [], resourceVersion: '7', token: undefined })
  for (const wrong of [null, {}, { items }, { metadata, items: {} }, { metadata, items: [{}, 1] }])
    expect(() => pageIn(wrong, 'list pods')).toThrow('list pods: the answer is no list')
})
