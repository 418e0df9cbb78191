import { dirname, join } from 'node:path'
import { binaries } from './binaries.ts'
import type { Cluster } from './provider.ts'

/** Environment for kubectl and helm: this cluster, and folders of helm that are no user's. */
export function environmentOf({ kubeconfig }: Pick<Cluster, 'kubeconfig'>): Record<string, string> {
  const helm = join(dirname(kubeconfig), 'helm')
  return {
    KUBECONFIG: kubeconfig,
    HELM_CACHE_HOME: join(helm, 'cache'),
    HELM_CONFIG_HOME: join(helm, 'config'),
    HELM_DATA_HOME: join(helm, 'data'),
  }
}

/** The same as lines for a shell, with our kubectl and helm in front of others. */
export function shellLines(cluster: Pick<Cluster, 'kubeconfig'>): string {
  const bin = binaries()
  const lines = Object.entries(environmentOf(cluster)).map(
    ([name, value]) => `export ${name}=${quoted(value)}`,
  )
  return [...lines, ...(bin === undefined ? [] : [`export PATH=${quoted(bin)}:"$PATH"`])].join('\n')
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`
}
