import { expect, it } from 'vitest'
import { createSink } from './sink.ts'

it('takes everything and has no state to save', async () => {
  const sink = createSink()
  expect(await sink.write([], new AbortController().signal)).toBeUndefined()
})
