import { expect, test } from 'vitest'
import { DIRECTORY, bodies, logFixture } from '../../../test/sim/log-fixture.ts'
import { openWith } from './channel.ts'
import { readLog } from './log-reader.ts'

const never = new AbortController().signal

test('reading the log changes nothing and says what an open would find', async () => {
  const { disk, options, context } = await logFixture()
  const channel = await openWith(options, context)
  const batch = bodies(['a', 'b', 'c'], 's')
  await channel.append(batch, await channel.reserve({ events: 3, bytes: 10 }, never)).safe
  const lease = await channel.take({ sink: 'out', eventsMax: 1, bytesMax: 100, signal: never })
  void lease!.ack(Buffer.from('one'))
  await channel.close()
  const before = { ...disk.counts }
  const contents = await readLog({
    directory: DIRECTORY,
    disk,
    readBytes: 4096,
    positionsBytesMax: 2048,
    mode: 'read',
  })
  expect(contents!.state.backlog().ranges()).toStrictEqual([{ from: 1, to: 3 }])
  expect(contents!.state.sinkStates.get('out')?.toString()).toBe('one')
  expect(contents!.segments).toHaveLength(1)
  expect(disk.counts.write).toBe(before.write)
  for (const { file } of contents!.read) await file.close()
})

test('files that are not segments are left alone', async () => {
  const { disk } = await logFixture()
  disk.place(`${DIRECTORY}/notes.txt`, Buffer.from('x'))
  const options = {
    directory: DIRECTORY,
    disk,
    readBytes: 64,
    positionsBytesMax: 64,
    mode: 'read',
  } as const
  expect(await readLog(options)).toBeUndefined()
})
