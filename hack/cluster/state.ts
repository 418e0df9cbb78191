import { join } from 'node:path'
import { Authority } from './authority.ts'
import { layoutOf } from './layout.ts'
import type { Layout } from './layout.ts'
import { markerOf } from './processes.ts'

/** All that the parts of a local cluster know of it. */
export interface LocalState {
  /** Absolute; everything of the cluster is below it. */
  readonly directory: string
  readonly nodes: number
  readonly layout: Layout
  readonly etcdPorts: readonly [number, number]
  /** Folder of the programs. */
  readonly bin: string
  readonly pki: Authority
  readonly adminKubeconfig: string
  /** Environment that every process of the cluster has, so that none is overlooked. */
  readonly marker: NodeJS.ProcessEnv
}

export function localState(
  directory: string,
  bin: string,
  record: {
    readonly nodes: number
    readonly slot: number
    readonly etcdPorts: readonly [number, number]
  },
): LocalState {
  return {
    directory,
    nodes: record.nodes,
    layout: layoutOf(record.slot),
    etcdPorts: record.etcdPorts,
    bin,
    pki: new Authority(join(directory, 'pki')),
    adminKubeconfig: join(directory, 'admin.kubeconfig'),
    marker: markerOf(directory),
  }
}
