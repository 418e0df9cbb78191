import { createHash } from 'node:crypto'
import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { command } from './command.ts'
import { Kubectl } from './kubectl.ts'
import { kindConfig, storageClasses } from './kind-config.ts'
import type { Cluster, ContainerName, Provider } from './provider.ts'
import { readRecord, refuseForeign, writeRecord } from './record.ts'

/**
 * Clusters in Docker, by kind: for machines that have Docker and no root. UNTESTED: written after kind's
 * and Docker's manuals, and never run so far; `--provider kind` says so. Needs `kind`, `docker` and `kubectl` in the
 * path. There is no class `shared` of volumes that all nodes see: kind's own provisioner ties every volume to
 * a node.
 */
export const kindProvider: Provider = {
  async up({ directory, nodes = 2, say }) {
    refuseForeign(directory)
    const name = clusterName(directory)
    writeRecord(directory, { provider: 'kind', nodes: readRecord(directory)?.nodes ?? nodes })
    const kubeconfig = join(directory, 'admin.kubeconfig')
    if (!(await kind('get', 'clusters')).split('\n').includes(name)) {
      const config = join(directory, 'kind.json')
      const nodeCount = readRecord(directory)!.nodes
      writeFileSync(config, JSON.stringify(kindConfig(nodeCount), undefined, 2))
      const files = ['--kubeconfig', kubeconfig, '--config', config]
      await kind('create', 'cluster', '--name', name, ...files, '--wait', '120s')
    }
    say('kind cluster')
    await new Kubectl('kubectl', kubeconfig).apply(storageClasses())
    return attachKind(directory)
  },

  attach: attachKind,

  async down(directory) {
    if (readRecord(directory) === undefined) return []
    const name = clusterName(directory)
    await kind('delete', 'cluster', '--name', name)
    const left = await docker('ps', '--all', '--quiet', `--filter=label=${CLUSTER_LABEL}=${name}`)
    if (left.trim() !== '') throw new Error(`containers left over: ${left.trim()}`)
    rmSync(directory, { recursive: true })
    return [`kind cluster ${name}`, `state directory ${directory}`]
  },
}

const CLUSTER_LABEL = 'io.x-k8s.kind.cluster'
/** Where a packet of a node, or of a pod on it, comes from the network or goes to it. */
const WAYS = ['INPUT -i', 'OUTPUT -o', 'FORWARD -i', 'FORWARD -o']

export function clusterName(directory: string): string {
  return `flume-${createHash('sha256').update(directory).digest('hex').slice(0, 8)}`
}

async function kind(...args: string[]): Promise<string> {
  return command('kind', args)
}

async function docker(...args: string[]): Promise<string> {
  return command('docker', args)
}

/** By rules, since a container that leaves its network comes back with another address. */
async function setDropped(node: string, change: '--insert' | '--delete'): Promise<void> {
  for (const way of WAYS) {
    const rule = [change, ...way.split(' '), 'eth0', '-j', 'DROP']
    await docker('exec', node, 'iptables', '--wait', ...rule)
  }
}

async function attachKind(directory: string): Promise<Cluster> {
  const kubeconfig = join(directory, 'admin.kubeconfig')
  if (!existsSync(kubeconfig)) throw new Error(`there is no cluster in ${directory}`)
  const name = clusterName(directory)
  const nodes = (await kind('get', 'nodes', '--name', name)).trim().split('\n').sort()
  return new KindCluster(name, kubeconfig, nodes)
}

class KindCluster implements Cluster {
  readonly kubeconfig: string
  readonly nodes: readonly string[]
  readonly #name: string
  readonly #kubectl: Kubectl

  constructor(name: string, kubeconfig: string, nodes: readonly string[]) {
    this.#name = name
    this.kubeconfig = kubeconfig
    // The control plane takes no pods, and must not be lost.
    this.nodes = nodes.filter((node) => !node.endsWith('-control-plane'))
    this.#kubectl = new Kubectl('kubectl', kubeconfig)
  }

  async powerOff(node: string): Promise<void> {
    await docker('kill', node)
  }

  async powerOn(node: string): Promise<void> {
    await docker('start', node)
  }

  async cut(node: string): Promise<void> {
    await setDropped(node, '--insert')
  }

  async mend(node: string): Promise<void> {
    await setDropped(node, '--delete')
  }

  async crash(container: ContainerName): Promise<void> {
    const { node, id } = await this.#kubectl.locate(container)
    await docker('exec', node, 'ctr', '-n', 'k8s.io', 'tasks', 'kill', '-s', 'SIGKILL', id)
  }

  async importImages(archive: string): Promise<void> {
    await kind('load', 'image-archive', archive, '--name', this.#name)
  }

  async status(): Promise<string> {
    return this.#kubectl.run(['get', 'nodes', '--output=wide', '--request-timeout=5s'])
  }
}
