import { join } from 'node:path'
import { installedCluster } from '../setup/cluster.ts'
import type { ClusterParts } from '../setup/cluster.ts'
import { setupFolder } from '../setup.ts'

/** How to get what is missing. */
export const CLUSTER_CURE = 'npm run setup -- cluster'

/** What `npm run setup -- cluster` has left; undefined: it has not run for these versions. */
export function clusterParts(): ClusterParts | undefined {
  return installedCluster(join(setupFolder(process.env), 'cluster'))
}

/** The folder of kube-apiserver, etcd, kubectl, helm and the others, if they are there. */
export function binaries(): string | undefined {
  return clusterParts()?.bin
}
