import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { afterAll } from 'vitest'
import type { TestContext } from 'vitest'
import { systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { startControlPlane } from '../../hack/cluster/control-plane.ts'
import type { ControlPlane } from '../../hack/cluster/control-plane.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { KubeMetrics } from '../../operator/kube/metrics.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { loadKubeconfig } from '../../operator/kube/server.ts'
import type { ApiServer } from '../../operator/kube/server.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { needsControlPlane } from '../cluster/needs.ts'
import { TestLog } from '../sim/flow-parts.ts'
import { clientOf } from './fixture.ts'

/** A real API server, as its administrator sees it, and an empty namespace of one test. */
export interface RealServer {
  readonly plane: ControlPlane
  readonly api: ApiServer
  readonly client: KubeClient
  readonly namespace: string
}

/** What the parts of the client layer share when time is real. */
export function realParts() {
  const registry = new Registry()
  const metrics = new KubeMetrics(registry)
  return { clock: systemClock, random: systemRandom, log: new TestLog(), registry, metrics }
}

/** One control plane for all tests of a file, started by the first that asks. */
export function realServers(): (context: TestContext) => Promise<RealServer> {
  const directory = mkdtempSync(join(tmpdir(), 'flume-kube-'))
  let starting: Promise<ControlPlane> | undefined
  afterAll(async () => {
    await (await starting)?.stop()
    rmSync(directory, { recursive: true })
  })
  return async (context) => {
    needsControlPlane(context)
    starting ??= startControlPlane({ directory })
    const plane = await starting
    const api = loadKubeconfig([plane.kubeconfig])
    const client = clientOf(api, realParts())
    const namespace = `test-${randomBytes(4).toString('hex')}`
    await client.create(RESOURCES.namespaces, {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name: namespace },
    })
    // There is no controller that makes it, and no pod without it.
    await client.create(RESOURCES.serviceAccounts, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { namespace, name: 'default' },
    })
    return { plane, api, client, namespace }
  }
}

export interface ConfigMap extends KubeObject {
  readonly data?: Readonly<Record<string, string>>
}

export function configMap(namespace: string, name: string, data?: ConfigMap['data']): ConfigMap {
  const metadata = { namespace, name }
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata, ...(data === undefined ? {} : { data }) }
}

/** Waits, asking now and then, until it is so; the test's own time-out ends it. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 20))
}
