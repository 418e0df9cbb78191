import { command } from './command.ts'
import type { ContainerName } from './provider.ts'

/** kubectl with one kubeconfig. */
export class Kubectl {
  readonly #program: string
  readonly #kubeconfig: string

  constructor(program: string, kubeconfig: string) {
    this.#program = program
    this.#kubeconfig = kubeconfig
  }

  /** Resolves to its output. */
  async run(args: readonly string[], input?: string): Promise<string> {
    const options = input === undefined ? {} : { input }
    return command(this.#program, [`--kubeconfig=${this.#kubeconfig}`, ...args], options)
  }

  async json<Answer>(...args: string[]): Promise<Answer> {
    return JSON.parse(await this.run([...args, '--output=json'])) as Answer
  }

  async apply(objects: readonly object[]): Promise<void> {
    const list = { apiVersion: 'v1', kind: 'List', items: objects }
    await this.run(['apply', '--filename=-'], JSON.stringify(list))
  }

  /** Where a container runs, and its id there. */
  async locate({
    namespace,
    pod,
    container,
  }: ContainerName): Promise<{ node: string; id: string }> {
    const { spec, status } = await this.json<PodOfContainers>('get', 'pod', pod, '-n', namespace)
    const all = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])]
    const id = all.find((each) => each.name === container)?.containerID
    if (spec.nodeName === undefined || id === undefined) {
      throw new Error(`container ${container} of ${namespace}/${pod} does not run`)
    }
    return { node: spec.nodeName, id: id.replace(/^.*:\/\//, '') }
  }
}

interface PodOfContainers {
  readonly spec: { readonly nodeName?: string }
  readonly status: {
    readonly containerStatuses?: readonly ContainerStatus[]
    readonly initContainerStatuses?: readonly ContainerStatus[]
  }
}

interface ContainerStatus {
  readonly name: string
  readonly containerID?: string
}
