import { expect, test } from 'vitest'
import { turns } from '../../../test/sim/clock.ts'
import type { Receipt } from '../../core/receipt.ts'
import { receipt } from '../../core/receipt.ts'
import { SenderRangesInFlight } from './sender-ranges.ts'

/** Emissions in order, settled by hand. */
class Emissions {
  readonly made: {
    readonly name: string
    readonly accepted: PromiseWithResolvers<void>
    readonly safe: PromiseWithResolvers<void>
  }[] = []

  emit(name: string): () => Receipt {
    return () => {
      const emission = {
        name,
        accepted: Promise.withResolvers<void>(),
        safe: Promise.withResolvers<void>(),
      }
      this.made.push(emission)
      return receipt(emission.accepted.promise, emission.safe.promise)
    }
  }

  get names(): string[] {
    return this.made.map(({ name }) => name)
  }

  settle(name: string, error?: Error): void {
    const { accepted, safe } = this.made.find((each) => each.name === name)!
    if (error === undefined) {
      accepted.resolve()
      safe.resolve()
    } else {
      accepted.reject(error)
      safe.reject(error)
    }
  }
}

function setUp() {
  const emissions = new Emissions()
  const ranges = new SenderRangesInFlight()
  const take = (first: number, last: number, name: string, stream = 's') =>
    ranges.take(stream, { first, last }, emissions.emit(name))
  return { emissions, ranges, take }
}

test('the same range again shares the receipt, and is emitted once', async () => {
  const { emissions, ranges, take } = setUp()
  const first = take(0, 9, 'first')
  const again = take(0, 9, 'again')
  expect(again).toBe(first)
  expect(emissions.names).toEqual(['first'])
  emissions.settle('first')
  await again.safe
  await turns()
  expect(ranges.count).toBe(0)
})

test('while a range is accepted and not safe, a repeat still shares it', async () => {
  const { emissions, take } = setUp()
  const first = take(0, 9, 'first')
  emissions.made[0]!.accepted.resolve()
  await first.accepted
  await turns()
  expect(take(0, 9, 'again')).toBe(first)
})

test('after it settled, a repeat is a new emission', async () => {
  const { emissions, take } = setUp()
  take(0, 9, 'first')
  emissions.settle('first')
  await turns()
  take(0, 9, 'again')
  expect(emissions.names).toEqual(['first', 'again'])
})

test('a failure is shared, too', async () => {
  const { emissions, take } = setUp()
  const first = take(0, 9, 'first')
  const again = take(0, 9, 'again')
  emissions.settle('first', new Error('no room'))
  await expect(first.safe).rejects.toThrow('no room')
  await expect(again.safe).rejects.toThrow('no room')
})

test('ranges that do not touch and other streams do not wait', () => {
  const { emissions, take } = setUp()
  take(0, 9, 'a')
  take(10, 19, 'b')
  take(5, 14, 'c', 'other')
  expect(emissions.names).toEqual(['a', 'b', 'c'])
})

test('an overlap cut otherwise waits for all it overlaps, whether they fail or not', async () => {
  const { emissions, take } = setUp()
  take(0, 9, 'a')
  take(10, 19, 'b')
  const across = take(5, 14, 'across')
  emissions.settle('a')
  await turns()
  expect(emissions.names).toEqual(['a', 'b'])
  emissions.settle('b', new Error('refused'))
  await turns()
  expect(emissions.names).toEqual(['a', 'b', 'across'])
  emissions.settle('across')
  await expect(across.safe).resolves.toBeUndefined()
})

test('for one that is accepted and not safe an overlap does not wait: the channel knows it', async () => {
  const { emissions, take } = setUp()
  take(0, 9, 'a')
  emissions.made[0]!.accepted.resolve()
  take(5, 14, 'across')
  await turns()
  expect(emissions.names).toEqual(['a', 'across'])
})

test('a repeat of one that waits shares it; those behind it wait for it', async () => {
  const { emissions, ranges, take } = setUp()
  take(0, 9, 'a')
  const waits = take(5, 14, 'waits')
  expect(take(5, 14, 'again')).toBe(waits)
  take(12, 20, 'behind')
  expect(ranges.count).toBe(3)
  emissions.settle('a')
  await turns()
  expect(emissions.names).toEqual(['a', 'waits'])
  emissions.settle('waits')
  await turns()
  expect(emissions.names).toEqual(['a', 'waits', 'behind'])
  emissions.settle('behind')
  await turns()
  expect(ranges.count).toBe(0)
})
