import { expect, test } from 'vitest'
import { behind } from './behind.ts'

test('is tried again', () => {
  expect(behind('FlumeAgent hub')).toMatchObject({ code: 'FLM7201', retryable: true })
})
