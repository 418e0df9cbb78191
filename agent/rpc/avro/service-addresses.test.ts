import { describe, expect, it } from 'vitest'
import { ManualClock } from '../../../test/sim/clock.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import {
  ADDRESSES_MAX,
  REFRESH_MS,
  ServiceAddresses,
  TROUBLE_BACKOFF,
} from './service-addresses.ts'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A name whose answers a test decides. */
class Bench {
  readonly clock = new ManualClock()
  readonly told: (readonly string[])[] = []
  readonly failures: unknown[] = []
  looks = 0
  answer: () => Promise<readonly string[]> = () => Promise.resolve(['10.0.0.1'])
  readonly addresses = new ServiceAddresses({
    host: 'hub',
    resolve: () => {
      this.looks++
      return this.answer()
    },
    clock: this.clock,
    random: new SeededRandom(1),
    onAddresses: (addresses) => this.told.push(addresses),
    onFailure: (error) => this.failures.push(error),
  })

  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await turn()
  }
}

describe('the addresses of a service', () => {
  it('are looked up again and told when they are others', async () => {
    const bench = new Bench()
    await bench.addresses.look()
    await bench.pass(REFRESH_MS)
    expect(bench.looks).toBe(2)
    expect(bench.told).toEqual([['10.0.0.1']])
    bench.answer = () => Promise.resolve(['10.0.0.1', '10.0.0.2'])
    await bench.pass(REFRESH_MS)
    expect(bench.told.at(-1)).toEqual(['10.0.0.1', '10.0.0.2'])
    expect(bench.addresses.status()).toEqual({ addresses: 2, problem: null })
    bench.addresses.stop()
    expect(bench.clock.pending).toBe(0)
  })

  it('stay as they were when nobody answers; that is said once, and looked at again soon', async () => {
    const bench = new Bench()
    await bench.addresses.look()
    bench.answer = () => Promise.reject(new Error('timed out'))
    await bench.pass(REFRESH_MS)
    expect(bench.addresses.status()).toEqual({ addresses: 1, problem: 'timed out' })
    for (let i = 0; i < 5; i++) await bench.pass(TROUBLE_BACKOFF.maxMs)
    expect(bench.looks).toBe(7)
    expect(bench.failures).toHaveLength(1)
    expect(bench.told).toHaveLength(1)
    bench.answer = () => Promise.resolve(['10.0.0.1'])
    await bench.pass(TROUBLE_BACKOFF.maxMs)
    expect(bench.addresses.status()).toEqual({ addresses: 1, problem: null })
    bench.answer = () => Promise.reject(new Error('again'))
    await bench.pass(REFRESH_MS)
    expect(bench.failures).toHaveLength(2)
  })

  it('that are none are told at each look, and looked for with growing delays', async () => {
    const bench = new Bench()
    bench.answer = () => Promise.resolve([])
    await bench.addresses.look()
    const delays: number[] = []
    for (let i = 0; i < 6; i++) {
      delays.push(bench.clock.nextMs!)
      await bench.pass(bench.clock.nextMs!)
    }
    expect(bench.told).toHaveLength(7)
    expect(delays[0]).toBeLessThanOrEqual(TROUBLE_BACKOFF.minMs)
    expect(Math.max(...delays)).toBeLessThanOrEqual(TROUBLE_BACKOFF.maxMs)
    expect(delays.at(-1)).toBeGreaterThan(delays[0]!)
  })

  it('are looked at sooner when somebody has trouble with them, never later', async () => {
    const bench = new Bench()
    await bench.addresses.look()
    bench.addresses.trouble()
    const soon = bench.clock.nextMs!
    expect(soon).toBeLessThanOrEqual(TROUBLE_BACKOFF.minMs)
    bench.clock.advance(soon / 2)
    for (let i = 0; i < 100; i++) bench.addresses.trouble()
    expect(bench.clock.nextMs).toBeCloseTo(soon / 2)
    expect(bench.clock.pending).toBe(1)
    await bench.pass(soon)
    expect(bench.looks).toBe(2)
    expect(bench.clock.nextMs).toBeGreaterThan(REFRESH_MS / 2)
  })

  it('are asked for once at a time, and not more of them than a pool has', async () => {
    const bench = new Bench()
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    bench.answer = () => promise
    const both = [bench.addresses.look(), bench.addresses.look()]
    bench.addresses.trouble()
    resolve(Array.from({ length: 2 * ADDRESSES_MAX }, (_, i) => `10.0.${i >> 8}.${i & 255}`))
    await Promise.all(both)
    expect(bench.looks).toBe(1)
    expect(bench.told[0]).toHaveLength(ADDRESSES_MAX)
  })

  it('that come after the end are of no interest', async () => {
    const bench = new Bench()
    const { promise, resolve } = Promise.withResolvers<readonly string[]>()
    bench.answer = () => promise
    const look = bench.addresses.look()
    bench.addresses.stop()
    resolve(['10.0.0.1'])
    await look
    await bench.addresses.look()
    bench.addresses.trouble()
    expect(bench.told).toEqual([])
    expect(bench.looks).toBe(1)
    expect(bench.clock.pending).toBe(0)
  })
})
