import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { kubeParts, metricOf } from '../../test/kube/fixture.ts'
import { turns } from '../../test/sim/clock.ts'
import { QUEUE_BACKOFF, WorkQueue } from './work-queue.ts'

function queueOf() {
  const parts = kubeParts()
  return { ...parts, queue: new WorkQueue({ name: 'pool', ...parts }) }
}

test('a key waits once, however often it is added', async () => {
  const { queue } = queueOf()
  for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
  expect(queue.depth).toBe(2)
  expect([await queue.take(), await queue.take()]).toEqual(['a', 'b'])
})

test('a key is worked on by one at a time; added meanwhile it comes again, once', async () => {
  const { queue } = queueOf()
  queue.add('a')
  await queue.take()
  queue.add('a')
  queue.add('a')
  expect(queue.depth).toBe(0)
  queue.done('a')
  expect(queue.depth).toBe(1)
  expect(await queue.take()).toBe('a')
  queue.done('a')
  expect(queue.depth).toBe(0)
})

test('whoever waits first gets the first key', async () => {
  const { queue } = queueOf()
  const taken = [queue.take(), queue.take()]
  queue.add('a')
  queue.add('b')
  expect(await Promise.all(taken)).toEqual(['a', 'b'])
})

test('of several delays the shortest counts, and being added ends them all', async () => {
  const { queue, clock } = queueOf()
  queue.addAfter('a', 100)
  queue.addAfter('a', 50)
  queue.addAfter('a', 70)
  expect(clock.pending).toBe(1)
  clock.advance(49)
  expect(queue.depth).toBe(0)
  clock.advance(1)
  expect(queue.depth).toBe(1)
  queue.addAfter('b', 100)
  queue.add('b')
  expect([clock.pending, queue.depth]).toEqual([0, 2])
  queue.addAfter('b', 10)
  expect(clock.pending).toBe(0)
})

test('a delay that ends while the key is in work brings it again afterwards', async () => {
  const { queue, clock } = queueOf()
  queue.add('a')
  await queue.take()
  queue.addAfter('a', 10)
  clock.advance(10)
  expect(queue.depth).toBe(0)
  queue.done('a')
  expect(queue.depth).toBe(1)
})

test('failures delay a key ever longer, until it is forgotten; the server may want longer', async () => {
  const { queue, clock } = queueOf()
  const delays: number[] = []
  for (let i = 0; i < 25; i++) {
    queue.addRateLimited('a')
    delays.push(clock.nextMs!)
    clock.advance(clock.nextMs!)
    queue.done((await queue.take())!)
  }
  expect(delays[0]).toBeLessThanOrEqual(QUEUE_BACKOFF.minMs)
  for (let i = 1; i < 15; i++) expect(delays[i]! / delays[i - 1]!).toBeGreaterThan(1.4)
  expect(delays.at(-1)).toBeGreaterThanOrEqual(QUEUE_BACKOFF.maxMs * 0.75)
  expect(delays.at(-1)).toBeLessThanOrEqual(QUEUE_BACKOFF.maxMs)
  expect(queue.failures('a')).toBe(25)
  queue.forget('a')
  queue.addRateLimited('a')
  expect(clock.nextMs).toBeLessThanOrEqual(QUEUE_BACKOFF.minMs)
  queue.addRateLimited('b', 60_000)
  clock.advance(59_999)
  expect(await queue.take()).toBe('a')
  expect(queue.depth).toBe(0)
  clock.advance(1)
  expect(queue.depth).toBe(1)
})

test('closed, it gives and takes nothing and leaves no timer', async () => {
  const { queue, clock } = queueOf()
  const waiting = [queue.take(), queue.take()]
  queue.addAfter('a', 10)
  queue.close()
  queue.add('b')
  queue.addAfter('b', 10)
  expect(await Promise.all([...waiting, queue.take()])).toEqual([undefined, undefined, undefined])
  expect([clock.pending, queue.depth]).toEqual([0, 0])
})

test('metrics say how much waits, how long it waited and how long the work takes', async () => {
  const { queue, clock, registry } = queueOf()
  const labels = { name: 'pool', controller: 'pool' }
  const metric = (name: string) => metricOf(registry, `workqueue_${name}`, labels)
  queue.add('a')
  queue.add('b')
  expect([await metric('adds_total'), await metric('depth')]).toEqual([2, 2])
  clock.advance(2000)
  await queue.take()
  clock.advance(3000)
  await queue.take()
  clock.advance(1000)
  expect(await metric('unfinished_work_seconds')).toBe(5)
  expect(await metric('longest_running_processor_seconds')).toBe(4)
  queue.done('a')
  queue.addRateLimited('a')
  expect(await metric('retries_total')).toBe(1)
  const text = await registry.metrics()
  expect(text).toContain('workqueue_queue_duration_seconds_sum{name="pool",controller="pool"} 7')
  expect(text).toContain('workqueue_work_duration_seconds_sum{name="pool",controller="pool"} 4')
})

test('no key is lost, and none is in work twice, whatever happens in whatever order', async () => {
  const key = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({ do: fc.constantFrom('add', 'after', 'limited', 'forget'), key }),
    fc.record({ do: fc.constantFrom('take', 'done', 'time'), key }),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 80 }), async (steps) => {
      const { queue, clock } = queueOf()
      /** Keys that have to come once more. */
      const wanted = new Set<string>()
      const inWork = new Set<string>()
      const twice: string[] = []
      let takers = 0
      const took = async (): Promise<void> => {
        const taken = await queue.take()
        takers--
        if (taken === undefined) return
        if (inWork.has(taken)) twice.push(taken)
        inWork.add(taken)
        wanted.delete(taken)
      }
      const take = (): void => {
        takers++
        void took()
      }
      for (const each of steps) {
        if (each.do === 'forget') queue.forget(each.key)
        else if (each.do === 'take') take()
        else if (each.do === 'time') clock.advance(3)
        else if (each.do === 'done') {
          inWork.delete(each.key)
          queue.done(each.key)
        } else {
          wanted.add(each.key)
          if (each.do === 'add') queue.add(each.key)
          else if (each.do === 'after') queue.addAfter(each.key, 5)
          else queue.addRateLimited(each.key)
        }
        await turns()
      }
      clock.advance(2_000_000)
      for (let i = takers; i < 3; i++) take()
      await turns()
      for (const each of inWork) {
        inWork.delete(each)
        queue.done(each)
        take()
      }
      await turns()
      expect([[...wanted], twice]).toEqual([[], []])
      queue.close()
    }),
  )
})
