import { expect, test } from 'vitest'
import { NEVER, eventsFrom, serverOf, sinkContext } from '../../../test/avro/fixture.ts'
import { avroSinkSchema } from './config.ts'
import { createSink } from './sink.ts'

test('hands its events to the Avro source at an address, 100 per request as Flume takes them', async () => {
  const server = await serverOf()
  const sink = createSink(avroSinkSchema.parse({ host: 'localhost', port: server.port }))
  await sink.start(sinkContext())
  await sink.write([eventsFrom(0, 250)], NEVER)
  expect(server.calls.map(({ events }) => events.length)).toEqual([100, 100, 50])
  await sink.stop()
  await server.until(() => server.openConnections === 0)
})

test.each([
  [{ host: 'h' }, ['port']],
  [{ host: 'h', port: 0 }, ['port']],
  [{ host: '', port: 1 }, ['host']],
  [{ host: 'h', port: 1, compression: 'zstd' }, ['compression']],
  [{ host: 'h', port: 1, tls: { certificate: 'c.pem' } }, ['tls', 'certificate']],
])('%j is refused', (config, path) => {
  expect(avroSinkSchema.safeParse(config).error?.issues[0]).toMatchObject({ path })
})
