import { dirname, join } from 'node:path'
import { binaries } from './binaries.ts'
import type { Cluster } from './provider.ts'

/** Environment for kubectl and helm: this cluster, our programs, and folders of helm that are no user's. */
export function environmentOf({ kubeconfig }: Cluster): Record<string, string> {
  const helm = join(dirname(kubeconfig), 'helm')
  const path = [binaries(), process.env['PATH']].filter((each) => each !== undefined)
  return {
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: join(helm, 'cache'),
    HELM_CONFIG_HOME: join(helm, 'config'),
    HELM_DATA_HOME: join(helm, 'data'),
    PATH: path.join(':'),
  }
}
