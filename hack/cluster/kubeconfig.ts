export interface KubeconfigOptions {
  readonly cluster: string
  readonly server: string
  /** Files in PEM, by absolute path. */
  readonly authority: string
  readonly certificate: string
  readonly key: string
}

/** A kubeconfig with one cluster and one user that shows a certificate. JSON is YAML. */
export function kubeconfig(options: KubeconfigOptions): string {
  const { cluster, server, authority, certificate, key } = options
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority': authority } }],
    users: [{ name: 'user', user: { 'client-certificate': certificate, 'client-key': key } }],
    contexts: [{ name: cluster, context: { cluster, user: 'user' } }],
    'current-context': cluster,
  }
  return `${JSON.stringify(config, undefined, 2)}\n`
}
