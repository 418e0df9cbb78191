import { afterEach, describe, expect, test } from 'vitest'
import { batchFrom } from '../../../test/avro/batches.ts'
import { ScriptedServer } from '../../../test/avro/scripted-server.ts'
import type { ScriptedServerOptions } from '../../../test/avro/scripted-server.ts'
import type { Batch } from '../../core/batch.ts'
import type { Logger } from '../../core/logger.ts'
import { systemClock } from '../../lib/clock.ts'
import { nodeDisk } from '../../lib/disk.ts'
import { systemRandom } from '../../lib/random.ts'
import { AvroClientSink } from './client-sink.ts'
import type { ClientConfig } from './client-sink.ts'

const CONFIG: ClientConfig = {
  batchSize: 100,
  batchBytes: 2 ** 20,
  connections: 1,
  maxInFlight: 10_000,
  requestTimeout: 60_000,
  connectTimeout: 60_000,
  compression: 'none',
  compressionLevel: 6,
}
const NEVER = new AbortController().signal

const silent: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silent,
}

const cleanups: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function serverOf(options: ScriptedServerOptions = {}): Promise<ScriptedServer> {
  const server = await ScriptedServer.listening(options)
  cleanups.push(() => server.kill())
  return server
}

async function sinkTo(
  servers: readonly ScriptedServer[],
  config: Partial<ClientConfig> = {},
): Promise<AvroClientSink> {
  const peers = servers.map(({ port }) => ({ host: '127.0.0.1', port }))
  const sink = new AvroClientSink(peers, { ...CONFIG, ...config })
  cleanups.push(() => sink.stop())
  await sink.start({
    name: 'out',
    flow: 'f',
    clock: systemClock,
    random: systemRandom,
    disk: nodeDisk,
    log: silent,
    state: undefined,
    saveState: async () => {},
  })
  return sink
}

function eventsFrom(first: number, count: number): Batch {
  const bodies = Array.from({ length: count }, (_, i) => String(first + i))
  return batchFrom(bodies.map((body) => ({ headers: { host: 'h' }, body })))
}

describe('the cases of Flume for its netty client', () => {
  test.each([
    { compression: 'none', compressionLevel: 6 },
    { compression: 'deflate', compressionLevel: 0 },
    { compression: 'deflate', compressionLevel: 6 },
  ] as const)('events arrive with $compression at level $compressionLevel', async (config) => {
    const server = await serverOf({ deflate: config.compression === 'deflate' })
    const sink = await sinkTo([server], config)
    await sink.write([eventsFrom(0, 1)], NEVER)
    await sink.write([eventsFrom(1, 3)], NEVER)
    expect(server.bodies).toEqual(['0', '1', '2', '3'])
    expect(server.calls[0]!.events[0]!.headers).toEqual({ host: 'h' })
  })
})
