import { existsSync, readFileSync } from 'node:fs'
import type { RequestOptions } from 'node:https'
import { isIPv6 } from 'node:net'
import { dirname, join, resolve } from 'node:path'
// Parts of client-node by their own paths: its index, and its KubeConfig too, load 880 generated classes
// that we do not use, which takes 75 MB and half a second.
import { newClusters, newContexts, newUsers } from '@kubernetes/client-node/dist/config_types.js'
import type { Cluster, User } from '@kubernetes/client-node/dist/config_types.js'
import { ExecAuth } from '@kubernetes/client-node/dist/exec_auth.js'
import { FileAuth } from '@kubernetes/client-node/dist/file_auth.js'
import { load } from 'js-yaml'
import { FlumeError } from '../../agent/core/errors.ts'

/** Where every pod has its token and the certificate of the API server's authority. */
const SERVICE_ACCOUNT_DIRECTORY = '/var/run/secrets/kubernetes.io/serviceaccount'

/** Where the API server is and how one is let in. */
export interface ApiServer {
  readonly url: URL
  /** What a request needs now: tokens and certificates are read again when they may have changed. */
  access(): Promise<Access>
}

/** As `https.request` takes it. */
export interface Access extends Pick<
  RequestOptions,
  'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'
> {
  readonly headers: Readonly<Record<string, string>>
}

export interface ServerOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly serviceAccountDirectory?: string
}

/** The service account of the pod, else what KUBECONFIG names. Throws FLM7106 when there is neither. */
export function loadServer(options: ServerOptions): ApiServer {
  const { env, serviceAccountDirectory = SERVICE_ACCOUNT_DIRECTORY } = options
  const host = env['KUBERNETES_SERVICE_HOST'] ?? ''
  if (host !== '' && existsSync(join(serviceAccountDirectory, 'token')))
    return inCluster(host, env['KUBERNETES_SERVICE_PORT'] ?? '443', serviceAccountDirectory)
  const paths = (env['KUBECONFIG'] ?? '').split(':').filter((path) => path !== '')
  if (paths.length > 0) return loadKubeconfig(paths)
  throw unusable('this is no pod with a service account, and KUBECONFIG names no file: set it')
}

function inCluster(host: string, port: string, directory: string): ApiServer {
  const cluster: Cluster = {
    name: 'in-cluster',
    server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    caFile: join(directory, 'ca.crt'),
    skipTLSVerify: false,
  }
  const config = { tokenFile: join(directory, 'token') }
  return serverOf(cluster, { name: 'in-cluster', authProvider: { name: 'tokenFile', config } })
}

/** As kubectl reads them: of what several files define, the first one counts. */
export function loadKubeconfig(paths: readonly string[]): ApiServer {
  const files = paths.map(readKubeconfig)
  const current = files.map((file) => file.current).find((name) => name !== '')
  const context = find(files, 'contexts', current ?? '', 'current-context')
  const cluster = find(files, 'clusters', context.cluster, `context "${context.name}"`)
  const user = find(files, 'users', context.user, `context "${context.name}"`)
  return serverOf(cluster, user)
}

type Kubeconfig = ReturnType<typeof readKubeconfig>
type Entry<K extends 'clusters' | 'contexts' | 'users'> = Kubeconfig[K][number]

function find<K extends 'clusters' | 'contexts' | 'users'>(
  files: readonly Kubeconfig[],
  list: K,
  name: string,
  by: string,
): Entry<K> {
  for (const file of files) {
    const entry = (file[list] as readonly Entry<K>[]).find((each) => each.name === name)
    if (entry !== undefined) return entry
  }
  const paths = files.map(({ path }) => path).join(', ')
  throw unusable(`${by} names "${name}", which is not in ${list} of ${paths}`)
}

function readKubeconfig(path: string) {
  try {
    const content = (load(readFileSync(path, 'utf8')) ?? {}) as Readonly<Record<string, unknown>>
    const current = content['current-context']
    const clusters = newClusters(content['clusters'])
    const users = newUsers(content['users'])
    for (const each of clusters)
      if (each.caFile !== undefined) each.caFile = resolve(dirname(path), each.caFile)
    for (const each of users) {
      if (each.certFile !== undefined) each.certFile = resolve(dirname(path), each.certFile)
      if (each.keyFile !== undefined) each.keyFile = resolve(dirname(path), each.keyFile)
    }
    const contexts = newContexts(content['contexts'])
    return { path, current: typeof current === 'string' ? current : '', clusters, contexts, users }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw unusable(`the kubeconfig ${path} cannot be read: ${why}`, cause)
  }
}

function serverOf(cluster: Cluster, user: User): ApiServer {
  if (!URL.canParse(cluster.server)) throw unusable(`"${cluster.server}" is no URL of a server`)
  if (cluster.proxyUrl !== undefined)
    throw unusable(`cluster "${cluster.name}" has a proxy-url, which is not supported: remove it`)
  const authenticators = [new ExecAuth(), new FileAuth()]
  const authenticator = authenticators.find((each) => each.isAuthProvider(user))
  const provider = (user.authProvider as { name?: string } | undefined)?.name
  if (authenticator === undefined && provider !== undefined)
    throw unusable(`user "${user.name}" has the auth-provider "${provider}": use exec instead`)
  return {
    url: new URL(cluster.server),
    async access() {
      const access = { ...tlsOf(cluster, user), headers: headersOf(user) }
      await authenticator?.applyAuthentication(user, access)
      return access
    },
  }
}

function tlsOf(cluster: Cluster, user: User) {
  return {
    ...pem('ca', cluster.caFile, cluster.caData),
    ...pem('cert', user.certFile, user.certData),
    ...pem('key', user.keyFile, user.keyData),
    ...(cluster.tlsServerName === undefined ? {} : { servername: cluster.tlsServerName }),
    ...(cluster.skipTLSVerify ? { rejectUnauthorized: false } : {}),
  }
}

function pem(key: string, path: string | undefined, data: string | undefined) {
  if (path !== undefined) return { [key]: readFileSync(path) }
  return data === undefined ? {} : { [key]: Buffer.from(data, 'base64') }
}

function headersOf({ token, username, password, impersonateUser }: User) {
  const headers: Record<string, string> = {}
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`
  else if (username !== undefined) {
    const basic = Buffer.from(`${username}:${password ?? ''}`).toString('base64')
    headers['authorization'] = `Basic ${basic}`
  }
  if (impersonateUser !== undefined) headers['impersonate-user'] = impersonateUser
  return headers
}

function unusable(why: string, cause?: unknown): FlumeError {
  return new FlumeError('FLM7106', `the API server is not known: ${why}`, {
    retryable: false,
    ...(cause === undefined ? {} : { cause }),
  })
}
