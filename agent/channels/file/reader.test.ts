import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { bodyAt } from '../../core/batch.ts'
import { encodeBatch } from './batch-codec.ts'
import { BATCH } from './format.ts'
import { IndexTable } from './index-table.ts'
import { Log } from './log.ts'
import { Quarantine } from './quarantine.ts'
import { BacklogReader } from './reader.ts'
import { ChannelState } from './state.ts'

/** Segments of four records with three events each, and a reader over them. */
async function fixture(segments = 3) {
  const parts = await logFixture()
  const { disk, log, options, context } = parts
  const found = { channelId: Buffer.alloc(16), segments: [], lastNumber: 0 }
  const written = new Log({ ...context, options }, found)
  const state = new ChannelState(2048)
  for (let segment = 0; segment < segments; segment++) {
    await written.roll(state)
    for (let n = 0; n < 4; n++) {
      const first = state.nextSequence
      const encoded = encodeBatch(bodies([0, 1, 2].map((i) => `event ${first + i}.`)))
      await written.write([
        { type: BATCH, encoded, firstSequence: first, count: 3, appendedAtMs: 0 },
      ])
      state.applyBatch(3, undefined)
    }
  }
  const counted = { quarantined: 0 }
  const reader = new BacklogReader({
    directory: DIRECTORY,
    disk,
    readBytes: options.readBytes,
    index: new IndexTable(),
    quarantine: new Quarantine(disk, DIRECTORY, { log, bytesMax: 1e6 }),
    segments: () => written.segments,
    quarantined: () => counted.quarantined++,
  })
  const read = async (sequence: number): Promise<string | number> => {
    const result = await reader.read(sequence)
    return 'lostTo' in result ? result.lostTo : bodyAt(result.batch, 0).toString()
  }
  const corrupt = (segment: number, text: string): void => {
    const path = disk.paths().filter((each) => each.endsWith('.seg'))[segment]!
    disk.corrupt(path, disk.contentOf(path).indexOf(text), 1)
  }
  return { ...parts, reader, read, corrupt, counted }
}

test('any event is found, forwards, backwards and in the middle of its record', async () => {
  const { read } = await fixture()
  for (const sequence of [0, 1, 5, 4, 35, 12, 11, 0])
    expect(await read(sequence)).toBe(`event ${sequence}.`)
})

test('sequential reading opens each segment once', async () => {
  const { disk, read } = await fixture()
  const before = disk.counts.open
  for (let sequence = 0; sequence < 36; sequence += 3) await read(sequence)
  expect(disk.counts.open - before).toBe(3)
})

test('a damaged record is skipped to the next one, and counted once however often it is met', async () => {
  const { read, corrupt, counted } = await fixture()
  corrupt(0, 'event 4.')
  expect(await read(3)).toBe(6)
  expect(await read(6)).toBe('event 6.')
  expect(await read(0)).toBe('event 0.')
  expect(await read(4)).toBe(6)
  expect(counted.quarantined).toBe(1)
})

test('damage at the end of a segment reaches to the next one', async () => {
  const { read, corrupt } = await fixture()
  corrupt(0, 'event 11.')
  expect(await read(9)).toBe(12)
})

test('a missing segment is lost as far as it goes', async () => {
  const { disk, read, counted } = await fixture()
  await disk.remove(disk.paths().filter((each) => each.endsWith('.seg'))[1]!)
  expect(await read(12)).toBe(24)
  expect(await read(24)).toBe('event 24.')
  expect(counted.quarantined).toBe(1)
})

test('a read error is retryable and the next read works', async () => {
  const { disk, read } = await fixture()
  disk.faults.arm({ kinds: ['read'], code: 'EIO' })
  await expect(read(0)).rejects.toMatchObject({ code: 'FLM2205', retryable: true })
  expect(await read(0)).toBe('event 0.')
})
