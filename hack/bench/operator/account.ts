import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { binaries } from '../../cluster/binaries.ts'
import { Kubectl } from '../../cluster/kubectl.ts'
import { policyRules } from '../../chart/permissions.ts'

const NAMESPACE = 'flume-system'
const NAME = 'flume-operator'
const TOKEN_DURATION = '24h'

/**
 * The operator's account, with what the chart lets it do: unlike an administrator's, its requests are checked
 * and queued by the API server as those of any operator. Writes a kubeconfig for it; resolves to its path.
 */
export async function makeAccount(adminKubeconfig: string, folder: string): Promise<string> {
  const kubectl = new Kubectl(join(binaries()!, 'kubectl'), adminKubeconfig)
  const api = 'rbac.authorization.k8s.io'
  const apiVersion = `${api}/v1`
  const metadata = { name: NAME }
  await kubectl.apply([
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: NAMESPACE } },
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME, namespace: NAMESPACE } },
    { apiVersion, kind: 'ClusterRole', metadata, rules: policyRules('watched', 'cluster', 'own') },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: api, kind: 'ClusterRole', name: NAME },
      subjects: [{ kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE }],
    },
  ])
  const token = await kubectl.run([
    `--namespace=${NAMESPACE}`,
    'create',
    'token',
    NAME,
    `--duration=${TOKEN_DURATION}`,
  ])
  const config = JSON.parse(readFileSync(adminKubeconfig, 'utf8')) as { users: { user: object }[] }
  config.users[0]!.user = { token: token.trim() }
  const path = join(folder, 'operator.kubeconfig')
  writeFileSync(path, JSON.stringify(config))
  return path
}
