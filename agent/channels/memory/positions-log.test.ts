import { describe, expect, it } from 'vitest'
import { ManualClock, turns } from '../../../test/sim/clock.ts'
import { SimDisk } from '../../../test/sim/disk.ts'
import { SeededRandom } from '../../../test/sim/random.ts'
import type { ChannelContext } from '../../core/channel-context.ts'
import type { Logger } from '../../core/logger.ts'
import { openPositionsLog, SAVE_DELAY_MS, STREAMS_MAX } from './positions-log.ts'
import type { PositionsLog } from './positions-log.ts'

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

const PATH = '/data/c1/positions.log'
const at = (offset: number) => new Map([['s', { offset, routing: 'g', memo: '' }]])

/** A log on a simulated disk and a clock that stands still. */
class Bench {
  readonly clock = new ManualClock()
  disk = new SimDisk({ random: new SeededRandom(1), latency: 'none' })

  context(): ChannelContext {
    return {
      name: 'c1',
      flow: 'f1',
      clock: this.clock,
      random: new SeededRandom(2),
      disk: this.disk,
      log: silent,
      directory: '/data/c1',
    }
  }

  open(): Promise<PositionsLog> {
    return openPositionsLog(this.context())
  }

  /** Lets the time pass that a group, or a retry, takes. */
  async pass(ms = SAVE_DELAY_MS): Promise<void> {
    await turns(2)
    this.clock.advance(ms)
    await turns(5)
  }

  async crash(kind: 'kill' | 'power'): Promise<PositionsLog> {
    this.disk = this.disk.crash(kind, kind === 'power' ? { data: 'none', names: 'none' } : {})
    return this.open()
  }
}

describe('the positions log', () => {
  it('writes no file before there is something to keep', async () => {
    const bench = new Bench()
    const log = await bench.open()
    await log.save({})
    await log.close()
    expect(await bench.disk.size(PATH)).toBeUndefined()
  })

  it.each(['kill', 'power'] as const)('has what was saved after a %s', async (kind) => {
    const bench = new Bench()
    const log = await bench.open()
    for (const offset of [1, 2]) {
      const saved = log.save({
        positions: at(offset),
        sinkStates: new Map([['out', Buffer.from(`state ${offset}`)]]),
      })
      await bench.pass()
      await saved
    }
    const next = await bench.crash(kind)
    expect(next.positions()).toEqual(at(2))
    expect(next.sinkState('out')).toEqual(Buffer.from('state 2'))
  })

  it('writes everything that comes within the delay with one sync', async () => {
    const bench = new Bench()
    const log = await bench.open()
    const saves = Array.from({ length: 50 }, (_, i) => log.save({ positions: at(i) }))
    await bench.pass()
    await Promise.all(saves)
    expect(log.syncs).toBe(1)
    expect(bench.disk.counts.datasync).toBe(1)
  })

  it('is made durable before it is served: a kill leaves what was written and not synced', async () => {
    const bench = new Bench()
    const log = await bench.open()
    void log.save({ positions: at(1) })
    await bench.pass()
    bench.disk.faults.arm({ kinds: ['datasync'], code: 'EIO', data: 'kept' })
    const failed = log.save({ positions: at(2) })
    await bench.pass()
    await expect(failed).rejects.toMatchObject({ code: 'FLM2201' })
    const afterKill = await bench.crash('kill')
    const served = afterKill.positions().get('s')!.offset
    expect((await bench.crash('power')).positions().get('s')!.offset).toBe(served)
  })

  it.each([
    { code: 'ENOSPC', expected: 'FLM2202' },
    { code: 'EDQUOT', expected: 'FLM2202' },
    { code: 'EIO', expected: 'FLM2201' },
  ] as const)('reports $code and saves everything once the disk works again', async (each) => {
    const bench = new Bench()
    const log = await bench.open()
    void log.save({ positions: at(1) })
    await bench.pass()
    bench.disk.faults.arm({ kinds: ['write'], code: each.code, persistent: true })
    const failed = log.save({ positions: at(2), sinkStates: new Map([['o', Buffer.from('x')]]) })
    await bench.pass()
    await expect(failed).rejects.toMatchObject({ code: each.expected, retryable: true })
    expect(log.problem).toContain('Until then a crash repeats events')
    bench.disk.faults.clear()
    await bench.pass(5000)
    expect(log.problem).toBeUndefined()
    const next = await bench.crash('power')
    expect(next.positions()).toEqual(at(2))
    expect(next.sinkState('o')).toEqual(Buffer.from('x'))
  })

  it('takes a short write for a failed one', async () => {
    const bench = new Bench()
    const log = await bench.open()
    void log.save({ positions: at(1) })
    await bench.pass()
    bench.disk.faults.arm({ kinds: ['write'], code: 'ENOSPC', shortTo: 0.5, shortOnly: true })
    const failed = log.save({ positions: at(2) })
    await bench.pass()
    await expect(failed).rejects.toMatchObject({ code: 'FLM2202' })
    await bench.pass(5000)
    expect((await bench.crash('power')).positions()).toEqual(at(2))
  })

  it('cuts off a torn end and goes on behind what is whole', async () => {
    const bench = new Bench()
    const log = await bench.open()
    const saved = log.save({ positions: at(1) })
    await bench.pass()
    await saved
    await log.close()
    bench.disk.place(PATH, Buffer.concat([bench.disk.contentOf(PATH), Buffer.from([0xff, 0x50])]))
    const next = await bench.open()
    expect(next.positions()).toEqual(at(1))
    const again = next.save({ positions: at(2) })
    await bench.pass()
    await again
    expect((await bench.crash('power')).positions()).toEqual(at(2))
  })

  it('counts corrupt records and goes on with later ones', async () => {
    const bench = new Bench()
    const log = await bench.open()
    for (const offset of [1, 2, 3]) {
      void log.save({ positions: at(offset) })
      await bench.pass()
    }
    await log.close()
    bench.disk.corrupt(PATH, 30, 0x01)
    const next = await bench.open()
    expect(next.quarantinedRecords).toBe(1)
    expect(next.positions()).toEqual(at(3))
  })

  it('writes the file anew before it grows without bound', async () => {
    const bench = new Bench()
    const log = await bench.open()
    const state = Buffer.alloc(64 * 1024, 1)
    for (let i = 0; i < 40; i++) {
      const saved = log.save({ sinkStates: new Map([['out', state]]) })
      await bench.pass()
      await saved
    }
    expect(log.diskBytes).toBeLessThan(1.2 * 1024 * 1024)
    expect((await bench.disk.size(PATH))!).toBe(log.diskBytes)
  })

  it('saves what is pending when it closes, and nothing afterwards', async () => {
    const bench = new Bench()
    const log = await bench.open()
    const saved = log.save({ positions: at(9) })
    await log.close()
    await saved
    await expect(log.save({ positions: at(10) })).rejects.toMatchObject({ code: 'FLM2204' })
    expect((await bench.open()).positions()).toEqual(at(9))
  })

  it('keeps a bounded number of streams, those that moved last', async () => {
    const log = await new Bench().open()
    for (let i = 0; i < STREAMS_MAX + 5; i++)
      void log.save({ positions: new Map([[`${i}`, { offset: 1, routing: '', memo: '' }]]) })
    expect(log.positions().size).toBe(STREAMS_MAX)
    expect(log.positions().has('4')).toBe(false)
    expect(log.positions().has('5')).toBe(true)
  })
})
