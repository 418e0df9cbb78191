import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { PLUGIN_FOLDERS } from '../setup/cluster.ts'
import { makeCgroups, removeCgroups } from './cgroups.ts'
import { command } from './command.ts'
import { Daemon } from './daemon.ts'
import { apiUrl, nodeAddress, nodeName, nodeNamespace } from './layout.ts'
import { inNamespace, plugNode, setLink, unplugNode } from './network.ts'
import { containerdConfig, kubeletConfig, networkConfig, proxyArgs } from './node-config.ts'
import { kubeconfig } from './kubeconfig.ts'
import type { LocalState } from './state.ts'

const START_SECONDS_MAX = 60
const INIT = join(import.meta.dirname, 'node-init.sh')

/**
 * A node: a tree of namespaces under one process, with its own network, mounts, processes and
 * cgroups, in which containerd, kubelet and kube-proxy run. When that process is killed, the kernel ends
 * all of it at once, as a loss of power does; what is on its disk stays.
 */
export class ClusterNode {
  readonly name: string
  readonly index: number
  readonly #state: LocalState
  readonly #directory: string
  /** `unshare`, which waits for process 1. */
  readonly #outer: Daemon
  readonly #init: Daemon

  constructor(state: LocalState, index: number) {
    this.index = index
    this.name = nodeName(index)
    this.#state = state
    this.#directory = join(state.directory, this.name)
    this.#outer = new Daemon({
      name: this.name,
      directory: state.directory,
      command: this.#command(),
      env: this.#env(),
    })
    this.#init = new Daemon({
      name: `${this.name}-init`,
      directory: state.directory,
      command: ['false'],
    })
  }

  isUp(): boolean {
    return this.#init.isAlive()
  }

  /** Resolves when containerd answers; does nothing when the node is up. */
  async start(): Promise<void> {
    if (this.isUp()) return
    await this.#clear()
    await plugNode(this.#state.layout, this.index, this.#state.nodes)
    makeCgroups(this.#cgroup)
    this.#writeFiles()
    this.#outer.start()
    const pid = await this.#outer.until(`process 1 of ${this.name}`, START_SECONDS_MAX, async () =>
      childOf(this.#outer.pid),
    )
    this.#init.adopt(pid)
    await this.#outer.until(`containerd of ${this.name}`, START_SECONDS_MAX, async () =>
      this.inside(['ctr', 'version']).catch(() => undefined),
    )
  }

  /** Loss of power. The link goes first: peers must see silence, not the kernel closing connections. */
  async powerOff(): Promise<void> {
    if (this.isUp()) await this.cut()
    await this.#clear()
  }

  /** Cuts its link: it goes on running, and nobody hears of it. */
  async cut(): Promise<void> {
    await setLink(this.#state.layout, this.index, 'down')
  }

  async mend(): Promise<void> {
    await setLink(this.#state.layout, this.index, 'up')
  }

  async killKubelet(): Promise<void> {
    await this.inside(['sh', '-c', 'kill -KILL "$(cat /run/kubelet.pid)"'])
  }

  async startKubelet(): Promise<void> {
    await this.inside(['kill', '-USR1', '1'])
  }

  /** SIGKILL to process 1 of a container. */
  async crash(containerId: string): Promise<void> {
    await this.#ctr('tasks', 'kill', '--signal', 'SIGKILL', containerId)
  }

  /** Loads the images of an archive, unless this node has got the same file before. */
  async importImages(archive: string): Promise<void> {
    const { mtimeMs, size } = statSync(archive)
    const folder = join(this.#directory, 'imported')
    const mark = join(folder, `${basename(archive)}-${size}-${mtimeMs}`)
    if (existsSync(mark)) return
    await this.#ctr('images', 'import', archive)
    mkdirSync(folder, { recursive: true })
    writeFileSync(mark, '')
  }

  /** Runs a program inside of the node; resolves to its output. */
  async inside(words: readonly string[]): Promise<string> {
    const { pid } = this.#init
    if (pid === undefined) throw new Error(`${this.name} is off`)
    const namespaces = ['--mount', '--pid', '--net', '--uts', '--ipc']
    return command('nsenter', ['--target', String(pid), ...namespaces, '--', ...words])
  }

  async #ctr(...args: string[]): Promise<void> {
    await this.inside(['ctr', '--namespace', 'k8s.io', ...args])
  }

  /** Whatever was left of it but its disk. Cgroups that stay cost the next kubelet seconds each. */
  async #clear(): Promise<void> {
    await this.#init.kill()
    await this.#outer.kill()
    await unplugNode(this.#state.layout, this.index)
    await removeCgroups(this.#cgroup)
  }

  get #cgroup(): string {
    return `${this.#state.layout.prefix}/${this.name}`
  }

  #command(): [string, ...string[]] {
    const [program, ...args] = inNamespace(nodeNamespace(this.#state.layout, this.index))
    const namespaces = ['--mount', '--pid', '--uts', '--ipc']
    // As a slave: a network namespace that the host removes must not live on in the copy of its mount.
    const flags = ['--fork', '--kill-child', '--mount-proc', '--propagation', 'slave']
    return [program!, ...args, 'unshare', ...namespaces, ...flags, 'sh', INIT]
  }

  #env(): NodeJS.ProcessEnv {
    const { layout, bin, marker, adminKubeconfig } = this.#state
    return {
      ...marker,
      NODE_NAME: this.name,
      NODE_ADDRESS: nodeAddress(layout, this.index),
      NODE_ZONE: `zone${this.index}`,
      NODE_DIRECTORY: this.#directory,
      CLUSTER_BIN: bin,
      PROXY_ARGS: proxyArgs(layout, this.name, adminKubeconfig).join(' '),
    }
  }

  #writeFiles(): void {
    const { layout, pki } = this.#state
    const networks = join(this.#directory, 'networks')
    mkdirSync(networks, { recursive: true })
    const plugins = PLUGIN_FOLDERS.find((folder) => existsSync(join(folder, 'ptp')))
    const write = (name: string, text: string): void => {
      writeFileSync(join(this.#directory, name), text)
    }
    write('networks/10-pods.conflist', networkConfig(layout, this.index))
    write('containerd.toml', containerdConfig(networks, plugins ?? PLUGIN_FOLDERS[0]!))
    write('kubelet.yaml', kubeletConfig(layout, this.index, pki.folder))
    write(
      'kubeconfig',
      kubeconfig({
        cluster: layout.prefix,
        server: apiUrl(layout),
        authority: pki.file('ca.crt'),
        certificate: pki.file(`${this.name}.crt`),
        key: pki.file(`${this.name}.key`),
      }),
    )
  }
}

function childOf(pid: number | undefined): number | undefined {
  if (pid === undefined) return undefined
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim()
  return children === '' ? undefined : Number(children.split(' ')[0])
}
