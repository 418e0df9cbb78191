import { describe, expect, onTestFinished, test } from 'vitest'
import { kubeParts, metricOf, until } from '../../test/kube/fixture.ts'
import { FlumeError } from '../../agent/core/errors.ts'
import { refused } from './errors.ts'
import { WorkQueue } from './work-queue.ts'
import { runWorkers } from './workers.ts'
import type { Outcome, Reconcile } from './workers.ts'

function working(reconcile: Reconcile, concurrency = 1) {
  const parts = kubeParts()
  const queue = new WorkQueue({ name: 'pool', ...parts })
  const workers = runWorkers({
    name: 'pool',
    queue,
    reconcile,
    concurrency,
    timeoutMs: 60_000,
    ...parts,
  })
  onTestFinished(() => workers.stop())
  const count = (name: string, labels = {}) =>
    metricOf(parts.registry, `controller_runtime_${name}`, { controller: 'pool', ...labels })
  return { ...parts, queue, workers, count }
}

/** Gives these outcomes, throws these errors, one after the other; then all is well. */
function script(...steps: readonly (Outcome | Error)[]) {
  const left = [...steps]
  let calls = 0
  const reconcile: Reconcile = async () => {
    calls++
    const next = left.shift() ?? { result: 'done' }
    if (next instanceof Error) throw next
    return next
  }
  return { reconcile, calls: () => calls }
}

describe('the outcome', () => {
  test('done: the key is left alone', async () => {
    const { reconcile, calls } = script({ result: 'done' })
    const { queue, clock, count } = working(reconcile)
    queue.add('a')
    await until(() => calls() === 1)
    await until(() => queue.failures('a') === 0 && clock.pending === 0)
    expect(await count('reconcile_total', { result: 'success' })).toBe(1)
  })

  test('after: it comes again by then, without any back-off', async () => {
    const { reconcile, calls } = script({ result: 'retry' }, { result: 'after', delayMs: 5000 })
    const { queue, clock, count } = working(reconcile)
    queue.add('a')
    await until(() => clock.nextMs !== undefined && clock.nextMs <= 5)
    clock.advance(5)
    await until(() => clock.nextMs === 5000)
    expect(queue.failures('a')).toBe(0)
    clock.advance(5000)
    await until(() => calls() === 3)
    expect(await count('reconcile_total', { result: 'requeue' })).toBe(1)
    expect(await count('reconcile_total', { result: 'requeue_after' })).toBe(1)
    expect(await count('reconcile_errors_total')).toBe(0)
  })

  test('terminal: it is reported, and left alone until something changes', async () => {
    const error = new FlumeError('FLM7103', 'no such field', { retryable: false })
    const { reconcile, calls } = script({ result: 'terminal', error }, error)
    const { queue, clock, log, count } = working(reconcile)
    for (const times of [1, 2]) {
      queue.add('a')
      await until(() => calls() === times && clock.pending === 0)
    }
    expect(await count('terminal_reconcile_errors_total')).toBe(2)
    expect(log.messages()).toEqual(
      Array.from({ length: 2 }, () => 'reconciliation failed, repeating is of no use'),
    )
  })
})

describe('what is thrown', () => {
  test('is repeated with back-off, at least as late as the server wants', async () => {
    const refusal = { status: 429, reason: '', message: '', causes: [], retryAfterMs: 7000 }
    const { reconcile, calls } = script(
      refused('x', refusal),
      refused('x', { ...refusal, retryAfterMs: undefined }),
    )
    const { queue, clock, log, count } = working(reconcile)
    queue.add('a')
    await until(() => clock.nextMs === 7000)
    clock.advance(7000)
    await until(() => clock.nextMs !== undefined && clock.nextMs <= 10)
    clock.advance(10)
    await until(() => calls() === 3)
    await until(() => queue.failures('a') === 0)
    expect(await count('reconcile_errors_total')).toBe(2)
    expect(await count('reconcile_panics_total')).toBe(0)
    expect(log.messages()).toEqual(['reconciliation failed', 'reconciliation failed'])
  })

  test('and is no error of ours is counted as a mistake of ours, and ends nothing', async () => {
    const { reconcile, calls } = script(new TypeError('x is not a function'))
    const { queue, clock, count } = working(reconcile)
    queue.add('a')
    queue.add('b')
    await until(() => calls() === 2)
    await until(() => clock.nextMs !== undefined)
    clock.advance(5)
    await until(() => calls() === 3)
    expect(await count('reconcile_panics_total')).toBe(1)
  })
})

test('no more than allowed are in work at the same time, and never one key twice', async () => {
  const inWork: string[] = []
  const ends: (() => void)[] = []
  let most = 0
  const { queue, count } = working((key) => {
    expect(inWork).not.toContain(key)
    inWork.push(key)
    most = Math.max(most, inWork.length)
    return new Promise((resolve) => {
      ends.push(() => {
        inWork.splice(inWork.indexOf(key), 1)
        resolve({ result: 'done' })
      })
    })
  }, 3)
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key)
  await until(() => inWork.length === 3)
  queue.add('a')
  expect(await count('active_workers')).toBe(3)
  expect(await count('max_concurrent_reconciles')).toBe(3)
  let ended = 0
  while (ended < 6) {
    await until(() => ends.length > 0)
    ends.shift()!()
    ended++
  }
  await until(() => inWork.length === 0 && queue.depth === 0)
  expect(most).toBe(3)
})

test('what takes too long is called off, counted, and comes again', async () => {
  let calls = 0
  const { queue, clock, log, count } = working((_key, signal) => {
    calls++
    if (calls > 1) return Promise.resolve({ result: 'done' })
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  })
  queue.add('a')
  await until(() => clock.nextMs === 60_000)
  clock.advance(60_000)
  await until(() => clock.nextMs !== undefined && clock.nextMs <= 5)
  clock.advance(5)
  await until(() => calls === 2)
  expect(await count('reconcile_timeouts_total')).toBe(1)
  expect(log.lines[0]!.fields).toMatchObject({
    error: {
      code: 'FLM7108',
      message: 'reconciling a by pool took longer than 60000 ms; it is tried again',
    },
  })
})

test('stopped, it calls off what is in work, waits for it and takes nothing more', async () => {
  const { promise: ending, resolve: end } = Promise.withResolvers<void>()
  const calls: string[] = []
  const { queue, workers } = working(async (key, signal) => {
    calls.push(key)
    signal.addEventListener('abort', () => calls.push('called off'))
    await ending
    return { result: 'retry' }
  })
  queue.add('a')
  queue.add('b')
  await until(() => calls.length === 1)
  let isStopped = false
  const stopping = workers.stop().then(() => (isStopped = true))
  expect(calls).toEqual(['a', 'called off'])
  await new Promise(setImmediate)
  expect(isStopped).toBe(false)
  end()
  await stopping
  expect(calls).toHaveLength(2)
})
