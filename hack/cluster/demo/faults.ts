import { OPERATOR_NAMESPACE, isReady, restartsOf } from './product.ts'
import type { Pod, Product } from './product.ts'
import { until } from '../until.ts'

/**
 * What can happen to agents and to the operator. Each resolves to the seconds from the fault until all is as it is to
 * be again, as the API server says.
 */

const SECONDS_MAX = 180

/** SIGKILL to an agent; the kubelet starts it again on its volume. */
export async function killAgent(product: Product, pod: string): Promise<number> {
  const restarts = restartsOf(await product.get<Pod>('pod', pod))
  const { namespace } = product
  return secondsOf(async () => {
    await product.cluster.crash({ namespace, pod, container: 'agent' })
    await until(`${pod} is ready again`, SECONDS_MAX, async () => {
      const now = await product.get<Pod>('pod', pod)
      return restartsOf(now) > restarts && isReady(now)
    })
  })
}

export async function deletePod(product: Product, pool: string, pod: string): Promise<number> {
  const { uid } = (await product.get<Pod>('pod', pod)).metadata
  return secondsOf(async () => {
    await product.run(['delete', 'pod', pod, '--wait=false'])
    await until(`another ${pod} is ready`, SECONDS_MAX, async () => {
      const pods = await product.pods(pool)
      return (
        pods.some(({ metadata }) => metadata.name === pod && metadata.uid !== uid) &&
        pods.every(isReady)
      )
    })
  })
}

/** Deletes a pool, waits until its pods are gone, and applies the manifest it is in. */
export async function deletePool(
  product: Product,
  { pool, manifest, replicas }: { pool: string; manifest: string; replicas: number },
): Promise<number> {
  return secondsOf(async () => {
    await product.run(['delete', 'flumeagent', pool])
    await until(`no agent of ${pool} is left`, SECONDS_MAX, async () => {
      return (await product.pods(pool)).length === 0
    })
    await product.run(['apply', '--filename', manifest])
    await product.untilReady(pool, replicas, SECONDS_MAX)
  })
}

/** SIGKILL to the operator that leads: it cannot let go of the lead. Until another one leads. */
export async function killLeader(product: Product): Promise<number> {
  const { pod, identity } = await product.leader()
  const container = { namespace: OPERATOR_NAMESPACE, pod, container: 'operator' }
  return secondsOf(async () => {
    await product.cluster.crash(container)
    await until('another leader', SECONDS_MAX, async () => {
      const { identity: now } = await product.leader()
      return now !== '' && now !== identity
    })
  })
}

/**
 * Takes the power from the node of a pod until the cluster has noticed, and gives it back. Until all agents of the
 * pool are ready, from the moment at which the power returns.
 */
export async function loseNode(product: Product, pool: string, pod: string): Promise<number> {
  const { spec } = await product.get<Pod>('pod', pod)
  const node = spec.nodeName!
  const { length } = await product.pods(pool)
  await product.cluster.powerOff(node)
  await until(`the cluster misses ${node}`, SECONDS_MAX, async () => {
    return !isReady(await product.get<Pod>('pod', pod))
  })
  return secondsOf(async () => {
    await product.cluster.powerOn(node)
    await product.untilReady(pool, length, SECONDS_MAX)
  })
}

async function secondsOf(act: () => Promise<void>): Promise<number> {
  const startedAtMs = performance.now()
  await act()
  return (performance.now() - startedAtMs) / 1000
}
