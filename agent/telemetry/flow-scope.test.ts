import { expect, test } from 'vitest'
import { currentFlow, runInFlow } from './flow-scope.ts'

test('what a flow begins belongs to it, in timers and promises too', async () => {
  const seen = await runInFlow('web', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1))
    return currentFlow()
  })
  expect(seen).toBe('web')
  expect(currentFlow()).toBeUndefined()
})
