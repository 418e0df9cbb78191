import { expect, it } from 'vitest'
import { batchOf, headerAt } from '../../core/batch.ts'
import { systemClock } from '../../lib/clock.ts'
import { timestampInterceptorSchema } from './config.ts'
import { createInterceptor } from './interceptor.ts'

const at = (nowMs: number) => ({ clock: { ...systemClock, now: () => nowMs } })

const events = batchOf([
  { body: Buffer.from('a'), headers: { timestamp: '1' } },
  { body: Buffer.from('b') },
])

it('sets the time of intake in milliseconds on every event', () => {
  const intercept = createInterceptor(timestampInterceptorSchema.parse({}), at(42))
  const result = intercept(events)
  expect(result.headers.common).toEqual(new Map([['timestamp', '42']]))
  expect(result.headers.columns.size).toBe(0)
})

it('keeps what is there when told to', () => {
  const config = timestampInterceptorSchema.parse({ preserveExisting: true })
  const result = createInterceptor(config, at(42))(events)
  expect([headerAt(result, 0, 'timestamp'), headerAt(result, 1, 'timestamp')]).toEqual(['1', '42'])
})

it('writes to the header it is given', () => {
  const config = timestampInterceptorSchema.parse({ header: 'at' })
  const result = createInterceptor(config, at(7))(batchOf([{ body: Buffer.from('a') }]))
  expect(result.headers.common).toEqual(new Map([['at', '7']]))
})

it('shares bodies, ends and origin with the batch it was given', () => {
  const origin = { stream: 's', from: 0, to: 1, offsets: Float64Array.of(1), memo: '', routing: '' }
  const batch = batchOf([{ body: Buffer.from('a') }], origin)
  const intercept = createInterceptor(timestampInterceptorSchema.parse({}), at(7))
  const result = intercept(batch)
  expect(result.bodies).toBe(batch.bodies)
  expect(result.ends).toBe(batch.ends)
  expect(result.origin).toBe(origin)
})
