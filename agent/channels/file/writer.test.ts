import { expect, test } from 'vitest'
import { turns } from '../../../test/sim/clock.ts'
import { bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import type { Batch } from '../../core/batch.ts'
import { Log } from './log.ts'
import { ChannelState } from './state.ts'
import { Writer } from './writer.ts'

async function fixture() {
  const parts = await logFixture()
  const { options, context, clock, log: logger } = parts
  const found = { channelId: Buffer.alloc(16), segments: [], lastNumber: 0 }
  const log = new Log({ ...context, options }, found)
  const state = new ChannelState(2048)
  await log.roll(state)
  await log.refill()
  const groups: number[] = []
  const writer = new Writer({
    log,
    state,
    clock,
    logger,
    options,
    committed: (group) => groups.push(group.batches.length),
    lackingBytes: () => (log.full ? Infinity : 0),
    changed: () => {},
  })
  const append = (batch: Batch): Promise<void> =>
    new Promise((resolve, reject) => {
      writer.append({ batch, resolve, reject })
    })
  return { ...parts, log, state, writer, append, groups }
}

const bare = (to: number): Batch => {
  const batch = bodies([], 's')
  return { ...batch, origin: { ...batch.origin!, to } }
}

test('appends of one turn are one group; those that come while it syncs are the next', async () => {
  const { append, groups } = await fixture()
  const first = [append(bodies(['a'])), append(bodies(['b'])), append(bodies(['c']))]
  await turns(0)
  const second = [append(bodies(['d'])), append(bodies(['e']))]
  await Promise.all([...first, ...second])
  expect(groups.reduce((sum, each) => sum + each, 0)).toBe(5)
  expect(groups.length).toBeLessThanOrEqual(2)
})

test('a failed group fails with all that is queued behind it, and only after the seal is durable', async () => {
  const { disk, append, log, state } = await fixture()
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
  const order: string[] = []
  disk.onCall = ({ kind }) => order.push(kind)
  const first = append(bodies(['a'], 's')).catch(() => order.push('rejected'))
  const second = append(bodies(['b'])).catch(() => order.push('rejected'))
  await Promise.all([first, second])
  expect(order.indexOf('syncDirectory')).toBeGreaterThan(-1)
  expect(order.indexOf('rejected')).toBeGreaterThan(order.indexOf('syncDirectory'))
  expect(state.positions.size).toBe(0)
  expect(log.segments.at(-1)!.number).toBe(2)
})

test('while no segment can be made the appends wait, and the writer tries again', async () => {
  const { disk, clock, append, writer } = await fixture()
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO', persistent: true })
  let settled = false
  const failed = append(bodies(['a'])).catch(() => (settled = true))
  await turns(50)
  expect(settled).toBe(false)
  expect(writer.problem).toContain('EIO')
  disk.faults.clear()
  clock.advance(1000)
  await failed
  await append(bodies(['b']))
  expect(writer.problem).toBeUndefined()
})

test('a bare position waits for company and is written within the delay', async () => {
  const { clock, append, state } = await fixture()
  const written = append(bare(70))
  await turns(10)
  expect(state.positions.size).toBe(0)
  clock.advance(100)
  await written
  expect(state.positions.get('s')?.offset).toBe(70)
})

test('acknowledgements of a failed group are written with the next one', async () => {
  const { disk, append, writer, state } = await fixture()
  await append(bodies(['a', 'b']))
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO' })
  const durable = writer.save((acks) => acks.addRanges([{ from: 0, to: 1 }]))
  await durable
  expect(state.floor).toBe(1)
})

test('closing writes what is queued, acknowledgements and END', async () => {
  const { append, writer, state, clock } = await fixture()
  const appended = append(bodies(['a']))
  const durable = writer.acknowledge((acks) => acks.setState('out', Buffer.from('x')))
  await writer.close()
  await Promise.all([appended, durable])
  expect(state.sinkStates.get('out')?.toString()).toBe('x')
  expect(clock.pending).toBe(0)
  await expect(writer.acknowledge(() => {})).rejects.toMatchObject({ code: 'FLM2204' })
})

test('closing on a disk that fails ends, and says that the outcome is unknown', async () => {
  const { disk, append, writer, clock } = await fixture()
  disk.faults.arm({ kinds: ['datasync'], code: 'EIO', persistent: true })
  const failed = append(bodies(['a'])).catch((error: unknown) => error)
  const closed = writer.close()
  for (let n = 0; n < 3; n++) {
    await turns(50)
    clock.advance(1000)
  }
  await closed
  expect(await failed).toMatchObject({ code: 'FLM2201', outcome: 'unknown' })
})

test('when the disk is found full while rolling, the reserve takes acknowledgements and no events', async () => {
  const { disk, append, log, options } = await fixture()
  const room = options.segmentBytes - log.segments.at(-1)!.endOffset
  await append(bodies(['x'.repeat(room - 200)]))
  disk.capacityBytes = disk.usedBytes
  await expect(append(bodies(['y'.repeat(200)]))).rejects.toMatchObject({ code: 'FLM2202' })
  expect(log.full).toBe(true)
  expect(log.segments.at(-1)).toMatchObject({ firstSequence: 1, endSequence: 1 })
})

test('closing ends when new segments can be made and no group can be written to them', async () => {
  const { disk, writer, clock } = await fixture()
  let made = 0
  disk.onCall = ({ kind }) => {
    // The CHECKPOINT of each segment is written and synced; the write behind it fails.
    if (kind !== 'syncDirectory') return
    made++
    disk.faults.arm({ kinds: ['write'], code: 'EIO' })
  }
  disk.faults.arm({ kinds: ['write'], code: 'EIO' })
  const durable = writer.acknowledge((acks) => acks.setState('out', Buffer.from('x')))
  const closed = writer.close()
  for (let n = 0; n < 5; n++) {
    await turns(50)
    clock.advance(1000)
  }
  await closed
  await expect(durable).rejects.toMatchObject({ code: 'FLM2204' })
  expect(made).toBeLessThan(6)
})
