import { expect, test } from 'vitest'
import { systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { FakeServer } from '../../test/kube/fake-server.ts'
import { TestLog } from '../../test/sim/flow-parts.ts'
import { parseOptions } from './options.ts'
import type { ProgramOptions } from './options.ts'
import { runOperator } from './run.ts'

const program = parseOptions(
  ['--metrics=127.0.0.1:0', '--health=127.0.0.1:0'],
  '1',
) as ProgramOptions

async function start() {
  const server = await FakeServer.start()
  const log = new TestLog()
  const stop = new AbortController()
  const done = runOperator(program, {
    server: server.api,
    version: '1',
    identity: 'test',
    leaseNamespace: 'default',
    clock: systemClock,
    random: systemRandom,
    log,
    signal: stop.signal,
  })
  const ports = async (): Promise<{ health: number; metrics: number }> => {
    for (;;) {
      const line = log.lines.find(({ message }) => message === 'operator starting')
      if (line !== undefined) return line.fields as { health: number; metrics: number }
      await new Promise(setImmediate)
    }
  }
  return { server, log, stop, done, ports }
}

test('without its kinds it says so and ends with 1', async () => {
  const { server, log, done } = await start()
  expect(await done).toBe(1)
  expect(log.lines.at(-1)).toMatchObject({
    message: 'operator failed',
    fields: { error: { code: 'FLM7202' } },
  })
  await server.close()
})

test('it answers while it runs, and ends with 0 when it is asked to', async () => {
  const { server, stop, done, ports } = await start()
  server.fail('get', { status: 403 }, 2)
  const { health, metrics } = await ports()
  expect((await fetch(`http://127.0.0.1:${health}/livez`)).status).toBe(200)
  let ready = 503
  while (ready === 503) ready = (await fetch(`http://127.0.0.1:${health}/readyz`)).status
  expect(ready).toBe(200)
  const text = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
  expect(text).toContain('flume_operator_agents 0')
  expect(text).toContain('workqueue_depth')
  stop.abort()
  expect(await done).toBe(0)
  await server.close()
})
