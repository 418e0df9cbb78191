import { expect, test } from 'vitest'
import { failureOf } from '../../../test/avro/fixture.ts'
import { refused, withOutcome } from './client-errors.ts'
import { Delivery } from './delivery.ts'

const error = withOutcome(refused('peer:1', 'FAILED'), 'none')

test('it is done when every call was delivered', async () => {
  const delivery = new Delivery(2)
  delivery.delivered()
  delivery.delivered()
  await delivery.done
})

test('it fails when the last of its calls settled, with the first failure', async () => {
  const delivery = new Delivery(3)
  let settled = false
  const failure = failureOf(delivery.done).finally(() => (settled = true))
  delivery.fail(error, 2)
  expect(delivery.failed).toBe(true)
  await Promise.resolve()
  expect(settled).toBe(false)
  delivery.fail(refused('peer:2', 'UNKNOWN'), 1)
  expect(await failure).toMatchObject({ code: 'FLM4304', facts: { peer: 'peer:1' } })
})

test.each([
  ['none', () => {}],
  ['unknown', (delivery: Delivery) => delivery.maybeDelivered()],
] as const)('its outcome is %s', async (outcome, before) => {
  const delivery = new Delivery(1)
  before(delivery)
  delivery.fail(error, 1)
  expect(await failureOf(delivery.done)).toMatchObject({ outcome, retryable: true })
})

test('its outcome is unknown when some of its calls arrived', async () => {
  const delivery = new Delivery(2)
  delivery.delivered()
  delivery.fail(error, 1)
  expect(await failureOf(delivery.done)).toMatchObject({ outcome: 'unknown' })
})
