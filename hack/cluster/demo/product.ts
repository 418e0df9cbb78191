import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { binaries } from '../binaries.ts'
import { command } from '../command.ts'
import { environmentOf } from '../environment.ts'
import { Kubectl } from '../kubectl.ts'
import type { Cluster } from '../provider.ts'
import { until } from '../until.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const CHART = join(ROOT, 'charts', 'flume-operator')
export const OPERATOR_NAMESPACE = 'flume-system'
const execute = promisify(execFile)

export interface Condition {
  readonly type: string
  readonly status: string
  readonly reason: string
  readonly message: string
  readonly lastTransitionTime: string
  readonly observedGeneration: number
}

/** What kubectl says of a FlumeAgent or a FlumeFlow, as far as we look. */
export interface Resource {
  readonly metadata: { readonly name: string; readonly generation: number }
  readonly status?: {
    readonly observedGeneration?: number
    readonly conditions?: readonly Condition[]
    readonly image?: string
    readonly backlog?: { readonly events: number }
  }
}

/** What kubectl says of a pod, as far as we look. */
export interface Pod {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly deletionTimestamp?: string
  }
  readonly spec: {
    readonly nodeName?: string
    readonly containers: readonly { readonly image: string }[]
  }
  readonly status: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
    readonly containerStatuses?: readonly { readonly restartCount: number }[]
  }
}

export function isReady({ metadata, status }: Pod): boolean {
  if (metadata.deletionTimestamp !== undefined) return false
  return (
    status.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') ?? false
  )
}

export function restartsOf({ status }: Pod): number {
  return status.containerStatuses?.[0]?.restartCount ?? 0
}

/** Who runs: a container that was started again, or a pod in the place of another, is another one. */
export function incarnations(pods: readonly Pod[]): string[] {
  return pods.map((pod) => `${pod.metadata.name} ${pod.metadata.uid} ${restartsOf(pod)}`).sort()
}

/** The product on a cluster, used as its users do: by helm and kubectl. */
export class Product {
  readonly cluster: Cluster
  readonly namespace: string
  readonly kubectl: Kubectl

  constructor(cluster: Cluster, namespace: string) {
    this.cluster = cluster
    this.namespace = namespace
    this.kubectl = new Kubectl(join(binaries()!, 'kubectl'), cluster.kubeconfig)
  }

  /** Builds the image and loads it into all nodes, under each of the names. */
  async loadImage(...names: readonly string[]): Promise<void> {
    const folder = mkdtempSync(join(tmpdir(), 'flume-image-'))
    try {
      const archive = join(folder, 'image.tar')
      const named = names.flatMap((name) => ['--name', name])
      await execute(process.execPath, [
        join(ROOT, 'hack', 'image.ts'),
        '--output',
        archive,
        ...named,
      ])
      await this.cluster.importImages(archive)
    } finally {
      rmSync(folder, { recursive: true })
    }
  }

  /** Installs or upgrades the chart and waits until its pods are ready. */
  async install(...settings: readonly string[]): Promise<void> {
    const where = ['--namespace', OPERATOR_NAMESPACE, '--create-namespace']
    const how = ['--wait', '--timeout', '3m', ...settings.flatMap((each) => ['--set', each])]
    await this.#helm('upgrade', '--install', 'flume-operator', CHART, ...where, ...how)
  }

  /** `helm test`; rejects with what it said when it fails. */
  async test(): Promise<void> {
    const where = ['--namespace', OPERATOR_NAMESPACE, '--timeout', '5m', '--logs']
    await this.#helm('test', 'flume-operator', ...where)
  }

  async uninstall(): Promise<void> {
    await this.#helm('uninstall', 'flume-operator', '--namespace', OPERATOR_NAMESPACE, '--wait')
  }

  /** Makes the namespace, which lets only restricted pods in. */
  async makeNamespace(): Promise<void> {
    const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
    const metadata = { name: this.namespace, labels }
    await this.kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata }])
  }

  /** Applies objects to the namespace; one by one, as only so the API server itself finds unknown fields. */
  async apply(...objects: readonly object[]): Promise<void> {
    const documents = objects.map((each) => JSON.stringify(each)).join('\n---\n')
    await this.run(['apply', '--filename=-'], documents)
  }

  /** kubectl in the namespace; resolves to its output. */
  async run(args: readonly string[], input?: string): Promise<string> {
    return this.kubectl.run([`--namespace=${this.namespace}`, ...args], input)
  }

  async get<Answer>(...args: string[]): Promise<Answer> {
    return JSON.parse(await this.run(['get', ...args, '--output=json'])) as Answer
  }

  async pods(pool: string): Promise<readonly Pod[]> {
    const selector = `app.kubernetes.io/name=flume-agent,app.kubernetes.io/instance=${pool}`
    return (await this.get<{ items: Pod[] }>('pods', `--selector=${selector}`)).items
  }

  /** Resolves to the seconds it took until so many agents of a pool are ready, and no other is there. */
  async untilReady(pool: string, replicas: number, secondsMax = 120): Promise<number> {
    const startedAtMs = performance.now()
    await until(`${replicas} ready agents of ${pool}`, secondsMax, async () => {
      const pods = await this.pods(pool)
      return pods.length === replicas && pods.every(isReady)
    })
    return (performance.now() - startedAtMs) / 1000
  }

  /** Waits until a condition of the newest generation is so. `what` as in `flumeflow/web`. */
  async untilCondition(what: string, condition: string, secondsMax = 120): Promise<void> {
    await this.run(['wait', what, `--for=condition=${condition}`, `--timeout=${secondsMax}s`])
  }

  /** A condition as it is; undefined while there is none. */
  async condition(what: string, type: string): Promise<Condition | undefined> {
    const { status } = await this.get<Resource>(what)
    return status?.conditions?.find((each) => each.type === type)
  }

  /** The operator that leads, by its lease: as it calls itself, and its pod. */
  async leader(): Promise<{ readonly identity: string; readonly pod: string }> {
    const path = '-o=jsonpath={.spec.holderIdentity}'
    const lease = ['get', 'lease', 'flume-operator', `--namespace=${OPERATOR_NAMESPACE}`, path]
    const identity = await this.kubectl.run(lease)
    return { identity, pod: identity.replace(/_.*$/, '') }
  }

  /** `http://ADDRESS:PORT` of a Service. */
  async urlOf(service: string): Promise<string> {
    const { spec } = await this.get<{
      spec: { clusterIP: string; ports: readonly { port: number }[] }
    }>('service', service)
    return `http://${spec.clusterIP}:${spec.ports[0]!.port}/`
  }

  /** The lines of all files in a directory of a pod. The image has no shell: Node reads them. */
  async linesIn(pod: string, directory: string): Promise<string[]> {
    const script = `const fs = require('node:fs')
      const directory = ${JSON.stringify(directory)}
      for (const name of fs.existsSync(directory) ? fs.readdirSync(directory) : []) {
        const path = directory + '/' + name
        if (fs.statSync(path).isFile()) fs.writeSync(1, fs.readFileSync(path))
      }`
    const output = await this.run(['exec', pod, '--container=agent', '--', 'node', '-e', script])
    return output.split('\n')
  }

  async #helm(...args: readonly string[]): Promise<void> {
    const env = environmentOf(this.cluster)
    await command(join(binaries()!, 'helm'), args, { env })
  }
}
