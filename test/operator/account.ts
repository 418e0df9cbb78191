import { readFileSync, writeFileSync } from 'node:fs'
import { policyRules } from '../../hack/chart/permissions.ts'
import type { PolicyRule } from '../../hack/chart/permissions.ts'
import type { KubeClient } from '../../operator/kube/client.ts'
import { RESOURCES } from '../../operator/kube/resources.ts'
import type { KubeObject, ObjectName, ResourceType } from '../../operator/kube/types.ts'

const rbac = (plural: string, kind: string, namespaced: boolean): ResourceType => ({
  group: 'rbac.authorization.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced,
})
const API_GROUP = 'rbac.authorization.k8s.io'

/** A ServiceAccount that may do what the chart lets the operator do in all namespaces, and nothing else. */
export async function makeAccount(client: KubeClient, account: ObjectName): Promise<void> {
  const { name, namespace } = account
  const apply = (
    type: ResourceType,
    object: { readonly metadata: ObjectName; readonly [field: string]: unknown },
  ) => {
    const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`
    return client.apply(type, { apiVersion, kind: type.kind, ...object })
  }
  await apply(RESOURCES.namespaces, { metadata: { name: namespace! } })
  await apply(RESOURCES.serviceAccounts, { metadata: account })
  const subjects = [{ kind: 'ServiceAccount', name, namespace }]
  const grant = async (prefix: string, metadata: ObjectName, rules: readonly PolicyRule[]) => {
    const roleRef = { apiGroup: API_GROUP, kind: `${prefix}Role`, name }
    const isNamespaced = metadata.namespace !== undefined
    const plural = prefix.toLowerCase()
    await apply(rbac(`${plural}roles`, `${prefix}Role`, isNamespaced), { metadata, rules })
    const binding = rbac(`${plural}rolebindings`, `${prefix}RoleBinding`, isNamespaced)
    await apply(binding, { metadata, subjects, roleRef })
  }
  await grant('Cluster', { name }, policyRules('watched', 'cluster'))
  await grant('', account, policyRules('own'))
}

/** Writes the kubeconfig of whoever has a token, beside that of the administrator. */
export function tokenKubeconfig(admin: string, token: string, path: string): string {
  const config = JSON.parse(readFileSync(admin, 'utf8')) as { users: { user: object }[] }
  config.users[0]!.user = { token }
  writeFileSync(path, JSON.stringify(config))
  return path
}

interface TokenRequest extends KubeObject {
  readonly status?: { readonly token: string }
}

/** A new token of the account. */
export async function tokenOf(client: KubeClient, account: ObjectName): Promise<string> {
  const plural = `serviceaccounts/${account.name}/token`
  const type = { group: '', version: 'v1', plural, kind: 'TokenRequest', namespaced: true }
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: account,
  }
  const made = await client.create<TokenRequest>(type, { ...request, spec: {} } as TokenRequest)
  return made.status!.token
}
