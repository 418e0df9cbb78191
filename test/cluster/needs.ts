import type { TestContext } from 'vitest'
import { CLUSTER_CURE, binaries } from '../../hack/cluster/binaries.ts'
import { cannotRun } from '../../hack/cluster/local.ts'
import { OPENSSL } from '../../hack/setup/flume.ts'
import { isThere } from '../../hack/setup/tool.ts'
import { notRun } from '../not-run.ts'

/** For tests with a control plane alone: its programs have to be there. Returns their folder. */
export function needsControlPlane(context: TestContext): string {
  const left = (why: string): never =>
    notRun(context, { what: 'API server', why, cure: CLUSTER_CURE })
  if (process.platform !== 'linux') left('no Linux')
  if (!isThere(OPENSSL)) left('no openssl')
  return binaries() ?? left("the cluster's programs are missing")
}

/** For tests with real nodes: root on Linux, and the programs. */
export function needsCluster(context: TestContext): void {
  const why = cannotRun()
  if (why !== undefined) notRun(context, { what: 'cluster', why, cure: `as root: ${CLUSTER_CURE}` })
}
