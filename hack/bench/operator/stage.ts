import { join } from 'node:path'
import { CLUSTER_CURE } from '../../cluster/binaries.ts'
import { RESOURCES } from '../../../operator/kube/resources.ts'
import { POOL_TYPES } from '../../../operator/apply/context.ts'
import { FLUME_AGENTS, FLUME_FLOWS } from '../../../operator/api/constants.ts'
import type { KubeObject } from '../../../operator/kube/types.ts'
import { makeAccount, tokenKubeconfig, tokenOf } from '../../../test/operator/account.ts'
import { startTestCluster } from '../../../test/operator/cluster.ts'
import type { TestCluster } from '../../../test/operator/cluster.ts'
import type { WorkFolder } from '../work-folder.ts'
import { Fleet } from './fleet.ts'
import { OperatorProgram } from './program.ts'
import { View } from './view.ts'

/** The operator's, with what the chart lets it do: its requests are checked and queued as those of any operator. */
const ACCOUNT = { namespace: 'flume-system', name: 'flume-operator' }

const REPORTING_CONTROLLER = 'flume-operator.io/operator'

/** The API server with its controllers, stand-ins for nodes and agents, and what users have made. */
export class Stage {
  readonly fleet: Fleet
  readonly view: View
  readonly #cluster: TestCluster
  readonly #folder: string
  readonly #kubeconfig: string

  private constructor(
    cluster: TestCluster,
    fleet: Fleet,
    where: { readonly folder: string; readonly kubeconfig: string },
  ) {
    this.#cluster = cluster
    this.fleet = fleet
    this.view = new View(cluster.client)
    this.#folder = where.folder
    this.#kubeconfig = where.kubeconfig
  }

  static async start(work: WorkFolder, namespaces: number): Promise<Stage> {
    const cluster = await startTestCluster({ directory: work.fresh('cluster') })
    if (cluster === undefined) throw new Error(`the API server is not installed: ${CLUSTER_CURE}`)
    const folder = work.fresh('operator')
    const { client, plane } = cluster
    await makeAccount(client, ACCOUNT)
    const token = await tokenOf(client, ACCOUNT)
    const kubeconfig = tokenKubeconfig(plane.kubeconfig, token, join(folder, 'operator.kubeconfig'))
    const stage = new Stage(cluster, new Fleet(client, namespaces), { folder, kubeconfig })
    await stage.fleet.create()
    await stage.view.start()
    return stage
  }

  async stop(): Promise<void> {
    await this.view.stop()
    await this.#cluster.stop()
  }

  /** Another operator. */
  operator(name: string): OperatorProgram {
    return new OperatorProgram({ name, folder: this.#folder, kubeconfig: this.#kubeconfig })
  }

  /**
   * The version of every object that the operator writes, as the API server has them: equal when nothing was
   * written. Of Events only its own: other controllers tell of what they do.
   */
  async versions(): Promise<ReadonlySet<string>> {
    const types = [FLUME_AGENTS, FLUME_FLOWS, ...POOL_TYPES, RESOURCES.pods, RESOURCES.events]
    const lists = await Promise.all(types.map((type) => this.#cluster.client.list(type)))
    return new Set(
      lists.flatMap(({ items }) =>
        items.filter(isOurs).map(({ kind, metadata }) => {
          const { namespace = '', name, resourceVersion } = metadata
          return `${kind} ${join(namespace, name)} ${resourceVersion}`
        }),
      ),
    )
  }

  /** Fails unless every flow is what its user wrote: in the ConfigMap, in each replica, and by its status. */
  prove(when: string): void {
    const { fleet, view } = this
    if (!view.isReady(fleet)) throw new Error(`${when}: not everything is ready`)
    for (const namespace of fleet.namespaces) {
      const counts = Map.groupBy(this.#cluster.kubelet.versions(namespace), ({ flow }) => flow)
      for (const place of fleet.flows.filter((each) => each.namespace === namespace)) {
        const delivered = view.delivered(place)
        const isNewest = delivered?.generation === view.generationOf(place)
        const inAgents =
          counts.get(place.flow)?.filter(({ hash }) => hash === delivered?.hash) ?? []
        if (!isNewest || inAgents.length !== fleet.replicasOfPool)
          throw new Error(`${when}: ${inAgents.length} replicas have ${namespace}/${place.flow}`)
      }
    }
  }
}

function isOurs(object: KubeObject & { readonly reportingController?: string }): boolean {
  return object.kind !== 'Event' || object.reportingController === REPORTING_CONTROLLER
}
