import { expect, test } from 'vitest'
import { testContext } from '../../test/sim/test-context.ts'
import { componentContext } from './flow-context.ts'

test('a component logs under its own name', () => {
  const { context, log } = testContext()
  const own = componentContext(context, 'channel', 'c')
  own.log.info({ x: 1 }, 'said')
  expect(own).toMatchObject({ name: 'c', flow: 'f' })
  expect(log.lines[0]!.fields).toEqual({ channel: 'c', x: 1 })
})
