import { Registry } from 'prom-client'
import { onTestFinished } from 'vitest'
import { KubeClient } from '../../operator/kube/client.ts'
import { KubeMetrics } from '../../operator/kube/metrics.ts'
import type { ApiServer } from '../../operator/kube/server.ts'
import { Transport } from '../../operator/kube/transport.ts'
import type { WriteGuard } from '../../operator/kube/writes.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import { ManualClock } from '../sim/clock.ts'
import { TestLog } from '../sim/flow-parts.ts'
import { SeededRandom } from '../sim/random.ts'
import { FakeServer } from './fake-server.ts'

/** What the parts of the client layer share, all of it in the hands of a test. */
export interface KubeParts {
  readonly clock: ManualClock
  readonly log: TestLog
  readonly registry: Registry
  readonly metrics: KubeMetrics
  readonly random: SeededRandom
}

export function kubeParts(seed = 1): KubeParts {
  const registry = new Registry()
  return {
    clock: new ManualClock(),
    log: new TestLog(),
    registry,
    metrics: new KubeMetrics(registry),
    random: new SeededRandom(seed),
  }
}

/** A client of `server`, closed at the end of the test. */
export function clientOf(
  server: ApiServer,
  parts: { readonly clock: Clock; readonly metrics: KubeMetrics; readonly random: Random },
  writes?: WriteGuard,
): KubeClient {
  const { clock, metrics, random } = parts
  const transport = new Transport({ server, userAgent: 'test', clock, metrics })
  onTestFinished(() => transport.close())
  const fieldManager = 'flume-operator'
  return new KubeClient({ transport, fieldManager, clock, random, ...(writes && { writes }) })
}

/** A fake server and a client of it, for one test. */
export async function fakeCluster(writes?: WriteGuard) {
  const parts = kubeParts()
  const server = await FakeServer.start()
  onTestFinished(() => server.close())
  return { ...parts, server, client: clientOf(server.api, parts, writes) }
}

/** The value of a metric with these labels, 0 when there is none. */
export async function metricOf(
  registry: Registry,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): Promise<number> {
  const metric = await registry.getSingleMetric(name)?.get()
  const values = (metric?.values ?? []) as { labels: Record<string, unknown>; value: number }[]
  const found = values.find(({ labels: own }) =>
    Object.entries(labels).every(([key, value]) => own[key] === value),
  )
  return found?.value ?? 0
}

/** Turns of the event loop until it is so; the test's own time-out ends it. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate)
}

/** What a promise rejects with. */
export async function failureOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (thrown) {
    return thrown
  }
  throw new Error('it did not fail')
}
