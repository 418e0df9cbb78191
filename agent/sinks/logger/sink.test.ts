import { expect, it } from 'vitest'
import { batchOf } from '../../core/batch.ts'
import type { Logger } from '../../core/logger.ts'
import { systemClock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { loggerSinkSchema } from './config.ts'
import { createSink } from './sink.ts'

async function logged(
  config: object,
  write: { readonly afterStop?: boolean } = {},
): Promise<object[]> {
  const lines: object[] = []
  const log: Logger = {
    debug: () => {},
    info: (fields, message) => lines.push({ ...fields, message }),
    warn: () => {},
    error: () => {},
    child: () => log,
  }
  const sink = createSink(loggerSinkSchema.parse(config))
  await sink.start({
    name: 'out',
    flow: 'f',
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log,
    state: undefined,
    saveState: async () => {},
  })
  if (write.afterStop === true) await sink.stop()
  const batch = batchOf([
    { body: Buffer.from('a body of twenty-five byt'), headers: { host: 'h' } },
    { body: Buffer.from('short') },
  ])
  await sink.write([batch], new AbortController().signal)
  return lines
}

it('logs headers, size and the first 16 bytes of each body', async () => {
  expect(await logged({})).toEqual([
    { headers: { host: 'h' }, body: 'a body of twenty', bodyBytes: 25, message: 'event' },
    { headers: {}, body: 'short', bodyBytes: 5, message: 'event' },
  ])
})

it('logs as much as it is told to', async () => {
  expect(await logged({ maxBytesToLog: 1 })).toMatchObject([{ body: 'a' }, { body: 's' }])
})

it('refuses events after it was stopped, so that they stay in the channel', async () => {
  await expect(logged({}, { afterStop: true })).rejects.toMatchObject({ retryable: true })
})
