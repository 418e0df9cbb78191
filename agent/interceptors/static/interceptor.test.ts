import { expect, it } from 'vitest'
import { batchOf, headerAt } from '../../core/batch.ts'
import { staticInterceptorSchema } from './config.ts'
import { createInterceptor } from './interceptor.ts'

const events = batchOf([
  { body: Buffer.from('a'), headers: { dc: 'x' } },
  { body: Buffer.from('b') },
])

it('sets the header where it is absent and keeps it elsewhere', () => {
  const config = staticInterceptorSchema.parse({ key: 'dc', value: 'north' })
  const result = createInterceptor(config)(events)
  expect([headerAt(result, 0, 'dc'), headerAt(result, 1, 'dc')]).toEqual(['x', 'north'])
})

it('replaces the header when it need not be preserved', () => {
  const config = staticInterceptorSchema.parse({ key: 'dc', value: 'n', preserveExisting: false })
  const result = createInterceptor(config)(events)
  expect(result.headers.common).toEqual(new Map([['dc', 'n']]))
  expect(result.headers.columns.size).toBe(0)
})

it('sets key to value by default, as Flume does', () => {
  const result = createInterceptor(staticInterceptorSchema.parse({}))(
    batchOf([{ body: Buffer.from('a') }]),
  )
  expect(result.headers.common).toEqual(new Map([['key', 'value']]))
})
