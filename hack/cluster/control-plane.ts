import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { probe } from './api-probe.ts'
import { Authority } from './authority.ts'
import { CLUSTER_CURE, binaries } from './binaries.ts'
import { Daemon } from './daemon.ts'
import { kubeconfig } from './kubeconfig.ts'
import { freePorts } from './ports.ts'
import { apiServerArgs, controllerManagerArgs, etcdArgs } from './programs.ts'

const READY_SECONDS_MAX = 60
const ADDRESS = '127.0.0.1'
const SERVICE_RANGE = '10.0.0.0/16'
/** When whoever started it ends, however that is, so does the process. */
const WITH_PARENT = ['setpriv', '--pdeathsig=KILL'] as const

export interface ControlPlaneOptions {
  /** Everything is below it: data, keys, logs, pid files. Emptied by nobody. */
  readonly directory: string
  /** The controller manager too: StatefulSets make pods, namespaces end, owners are collected. */
  readonly kcm?: boolean
  /** More arguments of kube-apiserver. */
  readonly apiServerArgs?: readonly string[]
  /** More arguments of kube-controller-manager. */
  readonly controllerManagerArgs?: readonly string[]
}

/** A Kubernetes API with nothing behind it: no node, no scheduler. */
export interface ControlPlane {
  /** Of the administrator (`system:masters`); a path. */
  readonly kubeconfig: string
  readonly url: string
  /** Ends all processes. */
  stop(): Promise<void>
  /** As a crash: SIGKILL. */
  killApiServer(): Promise<void>
  /** At the address it had; resolves when it is ready. */
  startApiServer(): Promise<void>
}

/**
 * Starts etcd and kube-apiserver on free ports of the loopback, with RBAC and the default admission
 * plugins; resolves when the API is ready, after about 4 s. The processes end with this one.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  const bin = binaries()
  if (bin === undefined) throw new Error(`the cluster's programs are missing: ${CLUSTER_CURE}`)
  const { directory } = options
  mkdirSync(directory, { recursive: true })
  const authority = await makeAuthority(join(directory, 'pki'))
  const [port, etcdPort, peerPort] = (await freePorts(3, ADDRESS)) as [number, number, number]
  const url = `https://${ADDRESS}:${port}`
  const admin = join(directory, 'admin.kubeconfig')
  const file = (name: string): string => authority.file(name)
  const keys = { authority: file('ca.crt'), certificate: file('admin.crt'), key: file('admin.key') }
  writeFileSync(admin, kubeconfig({ cluster: 'control-plane', server: url, ...keys }))

  const daemon = (name: string, program: string, args: readonly string[]): Daemon =>
    new Daemon({ name, directory, command: [...WITH_PARENT, join(bin, program), ...args] })
  const etcdPlace = { data: join(directory, 'etcd'), port: etcdPort, peerPort }
  const server = { etcd: etcdPlace, address: ADDRESS, port, pki: authority.folder }
  const etcd = daemon('etcd', 'etcd', etcdArgs(etcdPlace))
  const apiServer = daemon('apiserver', 'kube-apiserver', [
    ...apiServerArgs({ ...server, serviceRange: SERVICE_RANGE }),
    // A Service cannot point at the loopback.
    '--endpoint-reconciler-type=none',
    ...(options.apiServerArgs ?? []),
  ])
  const manager = daemon('controller-manager', 'kube-controller-manager', [
    ...controllerManagerArgs(admin, authority.folder),
    ...(options.controllerManagerArgs ?? []),
  ])

  const answers = async (path: string): Promise<boolean> =>
    (await probe(authority, url, path)) === 200
  const startApiServer = async (): Promise<void> => {
    apiServer.start()
    await apiServer.until('the API server is ready', READY_SECONDS_MAX, () => answers('/readyz'))
  }
  const stop = async (): Promise<void> => {
    for (const each of [manager, apiServer, etcd]) await each.kill()
  }
  try {
    etcd.start()
    await startApiServer()
    if (options.kcm === true) {
      manager.start()
      const account = '/api/v1/namespaces/default/serviceaccounts/default'
      await manager.until('the controllers work', READY_SECONDS_MAX, () => answers(account))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const killApiServer = async (): Promise<void> => {
    await apiServer.kill()
  }
  return { kubeconfig: admin, url, stop, killApiServer, startApiServer }
}

async function makeAuthority(folder: string): Promise<Authority> {
  const authority = new Authority(folder)
  await authority.create()
  await Promise.all([
    authority.issue({
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      names: [`IP:${ADDRESS}`, 'DNS:localhost'],
    }),
    authority.issue({ name: 'admin', subject: '/O=system:masters/CN=admin' }),
  ])
  return authority
}
