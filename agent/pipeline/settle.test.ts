import { expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { COMPONENT_STOP_MS, aborted, settlesWithin, stopComponent, watch } from './settle.ts'

test('a component that does not stop is left behind after its time', async () => {
  const clock = new ManualClock()
  const hanging = stopComponent({ stop: () => new Promise(() => {}) }, 'sink x', clock)
  await turns()
  clock.advance(COMPONENT_STOP_MS)
  expect(await hanging).toMatchObject({ code: 'FLM5202' })
  const failing = { stop: () => Promise.reject(new Error('no')) }
  expect(await stopComponent(failing, 'sink x', clock)).toMatchObject({ message: 'no' })
  expect(await stopComponent({ stop: async () => {} }, 'sink x', clock)).toBeUndefined()
  expect(clock.pending).toBe(0)
})

test('settling in time counts, well or not', async () => {
  const clock = new ManualClock()
  expect(await settlesWithin(Promise.reject(new Error('x')), 10, clock)).toBe(true)
  const late = settlesWithin(new Promise(() => {}), 10, clock)
  clock.advance(10)
  expect(await late).toBe(false)
})

test('an abort is seen before and after it came', async () => {
  const controller = new AbortController()
  const waiting = aborted(controller.signal)
  controller.abort()
  await waiting
  await aborted(controller.signal)
})

test('a watched promise calls one of two', async () => {
  const seen: string[] = []
  const tell = (promise: Promise<void>): void =>
    watch(
      promise,
      () => seen.push('done'),
      ({ code }) => seen.push(code),
    )
  tell(Promise.resolve())
  tell(Promise.reject(new Error('x')))
  await turns()
  expect(seen).toEqual(['done', 'FLM9001'])
})
