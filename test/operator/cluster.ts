import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Registry } from 'prom-client'
import { systemClock } from '../../agent/lib/clock.ts'
import { systemRandom } from '../../agent/lib/random.ts'
import { binaries } from '../../hack/cluster/binaries.ts'
import { startControlPlane } from '../../hack/cluster/control-plane.ts'
import type { ControlPlane, ControlPlaneOptions } from '../../hack/cluster/control-plane.ts'
import { until } from '../../hack/cluster/until.ts'
import { customResourceDefinitions } from '../../operator/api/crd.ts'
import { KubeClient } from '../../operator/kube/client.ts'
import { KubeMetrics } from '../../operator/kube/metrics.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import { loadKubeconfig } from '../../operator/kube/server.ts'
import type { ApiServer } from '../../operator/kube/server.ts'
import { Transport } from '../../operator/kube/transport.ts'
import type { KubeObject } from '../../operator/kube/types.ts'
import { Kubelet } from './kubelet.ts'

/** A real API server with controllers, our kinds, and stand-ins for all nodes and agents. */
export interface TestCluster {
  readonly plane: ControlPlane
  readonly server: ApiServer
  /** The user's. */
  readonly client: KubeClient
  readonly kubelet: Kubelet
  stop(): Promise<void>
}

/**
 * None that works on nodes, which there are not: pods on such a node are removed after a minute. None for
 * endpoints, which may not be at the loopback.
 */
const CONTROLLERS = [
  'disruption',
  'garbage-collector',
  'namespace',
  'persistentvolumeclaim-protection',
  'serviceaccount',
  'statefulset',
].map((name) => `${name}-controller`)

export interface TestClusterOptions extends Pick<ControlPlaneOptions, 'apiServerArgs'> {
  /** Where it has its data; a temporary one unless said otherwise. Removed at the end. */
  readonly directory?: string
}

/** undefined where its programs are not installed. */
export async function startTestCluster(
  options: TestClusterOptions = {},
): Promise<TestCluster | undefined> {
  if (binaries() === undefined) return undefined
  const { directory = mkdtempSync(join(tmpdir(), 'flume-operator-')), ...args } = options
  const plane = await startControlPlane({
    directory,
    kcm: true,
    controllerManagerArgs: [`--controllers=${CONTROLLERS.join(',')}`],
    ...args,
  })
  const server = loadKubeconfig([plane.kubeconfig])
  const transport = new Transport({
    server,
    userAgent: 'test',
    clock: systemClock,
    metrics: new KubeMetrics(new Registry()),
  })
  const client = new KubeClient({
    transport,
    fieldManager: 'user',
    clock: systemClock,
    random: systemRandom,
  })
  await installKinds(client)
  const kubelet = new Kubelet(client, transport)
  await kubelet.start()
  const stop = async (): Promise<void> => {
    await kubelet.stop()
    transport.close()
    await plane.stop()
    rmSync(directory, { recursive: true, force: true })
  }
  return { plane, server, client, kubelet, stop }
}

interface Definition extends KubeObject {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

async function installKinds(client: KubeClient): Promise<void> {
  const type = RESOURCES.customResourceDefinitions
  for (const definition of customResourceDefinitions()) {
    await client.apply(type, definition)
    const { name } = definition.metadata
    await until(`${name} is served`, 20, async () => {
      const { status } = await client.get<Definition>(type, { name })
      return status?.conditions?.some(
        (each) => each.type === 'Established' && each.status === 'True',
      )
    })
  }
}
