import { cpSync, existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { OPERATOR_NAMESPACE } from '../../hack/cluster/demo/product.ts'
import type { Product } from '../../hack/cluster/demo/product.ts'

const KINDS = [
  'flumeagents,flumeflows,statefulsets,deployments,pods,services,endpointslices',
  'configmaps,serviceaccounts,poddisruptionbudgets,persistentvolumeclaims,leases',
].join(',')
const ADMIN_PORT = 8081

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string }
    readonly spec: { readonly containers: readonly { readonly name: string }[] }
  }[]
}

/**
 * Writes all that helps to understand a failure into a folder of its own, and returns its path: objects, events,
 * logs of agents and operators, the agents' own status, the logs of the cluster's parts. What cannot be had is
 * replaced by why.
 */
export async function collectEvidence(product: Product, state: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'flume-evidence-'))
  const write = async (name: string, text: Promise<string>): Promise<void> =>
    writeFileSync(join(folder, name), await text.catch((error: Error) => `${error.message}\n`))
  await write('cluster.txt', product.cluster.status())
  await write('nodes.txt', product.kubectl.run(['describe', 'nodes']))
  for (const namespace of [product.namespace, OPERATOR_NAMESPACE]) {
    const run = (...args: string[]): Promise<string> =>
      product.kubectl.run([`--namespace=${namespace}`, ...args])
    mkdirSync(join(folder, namespace))
    const put = (name: string, text: Promise<string>): Promise<void> =>
      write(join(namespace, name), text)
    await put('events.txt', run('get', 'events', '--sort-by=.metadata.creationTimestamp'))
    await put('describe.txt', run('describe', KINDS))
    await put('objects.yaml', run('get', KINDS, '--output=yaml', '--show-managed-fields'))
    await put('pods.txt', run('get', 'pods', '--output=wide'))
    const pods = await run('get', 'pods', '--output=json').catch(() => '{"items":[]}')
    for (const { metadata, spec } of (JSON.parse(pods) as PodList).items) {
      const pod = metadata.name
      for (const { name } of spec.containers) {
        const log = ['logs', pod, `--container=${name}`, '--timestamps']
        await put(`${pod}.${name}.log`, run(...log))
        await put(`${pod}.${name}.previous.log`, run(...log, '--previous'))
      }
      if (namespace === OPERATOR_NAMESPACE) continue
      const path = `/api/v1/namespaces/${namespace}/pods/${pod}:${ADMIN_PORT}/proxy/status`
      await put(`${pod}.status.json`, run('get', '--raw', path))
    }
  }
  if (existsSync(join(state, 'log')))
    cpSync(join(state, 'log'), join(folder, 'log'), { recursive: true })
  return folder
}
