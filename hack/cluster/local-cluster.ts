import { join } from 'node:path'
import { Kubectl } from './kubectl.ts'
import { localDaemons } from './local-daemons.ts'
import { allNodes } from './local-up.ts'
import type { ClusterNode } from './node.ts'
import type { Cluster, ContainerName } from './provider.ts'
import type { LocalState } from './state.ts'

/** A cluster whose control plane are processes of this machine and whose nodes are trees of namespaces. */
export class LocalCluster implements Cluster {
  readonly kubeconfig: string
  readonly #state: LocalState
  readonly #nodes: readonly ClusterNode[]
  readonly #kubectl: Kubectl

  constructor(state: LocalState) {
    this.kubeconfig = state.adminKubeconfig
    this.#state = state
    this.#nodes = allNodes(state)
    this.#kubectl = new Kubectl(join(state.bin, 'kubectl'), state.adminKubeconfig)
  }

  get nodes(): string[] {
    return this.#nodes.map((node) => node.name)
  }

  async powerOff(node: string): Promise<void> {
    await this.node(node).powerOff()
  }

  async powerOn(node: string): Promise<void> {
    await this.node(node).start()
  }

  async cut(node: string): Promise<void> {
    await this.node(node).cut()
  }

  async mend(node: string): Promise<void> {
    await this.node(node).mend()
  }

  async crash(container: ContainerName): Promise<void> {
    const { node, id } = await this.#kubectl.locate(container)
    await this.node(node).crash(id)
  }

  async importImages(archive: string): Promise<void> {
    const up = this.#nodes.filter((node) => node.isUp())
    await Promise.all(up.map((node) => node.importImages(archive)))
  }

  async status(): Promise<string> {
    const daemons = Object.values(localDaemons(this.#state))
    const { prefix, nodeNetwork } = this.#state.layout
    const lines = [
      ...daemons.map(({ name, pid }) => `${name.padEnd(26)}${stateOf(pid)}`),
      ...this.#nodes.map((node) => `${node.name.padEnd(26)}${node.isUp() ? 'up' : 'off'}`),
      `names start with ${prefix}-, nodes are in ${nodeNetwork}.0/24, logs in ${join(this.#state.directory, 'log')}`,
    ]
    const objects = await this.#kubectl
      .run(['get', 'nodes', '--output=wide', '--request-timeout=5s'])
      .catch((error: Error) => error.message)
    return [...lines, '', objects.trimEnd()].join('\n')
  }

  node(name: string): ClusterNode {
    const found = this.#nodes.find((node) => node.name === name)
    if (found === undefined) throw new Error(`there is no ${name}, but ${this.nodes.join(', ')}`)
    return found
  }
}

function stateOf(pid: number | undefined): string {
  return pid === undefined ? 'does not run' : `runs, pid ${pid}`
}
