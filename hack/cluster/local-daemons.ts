import { join } from 'node:path'
import { Daemon } from './daemon.ts'
import { API_PORT, gatewayNamespace, hostAddress, nodeName, serviceRange } from './layout.ts'
import { inNamespace } from './network.ts'
import { proxyArgs } from './node-config.ts'
import { STORAGE_NAMESPACE } from './addons.ts'
import { apiServerArgs, controllerManagerArgs, etcdArgs } from './programs.ts'
import { SHELL_IMAGE } from '../setup/cluster/base-images.ts'
import type { LocalState } from './state.ts'

/** Seconds without a sign of life until a node counts as lost, and that its pods are left there. */
const LOST_SECONDS = 8
const TOLERATION_SECONDS = 5

/** Runs a program with a /run of its own; as a slave, it does not keep alive what the host unmounts. */
// prettier-ignore
const WITH_OWN_RUN = [
  'unshare', '--mount', '--propagation', 'slave',
  'sh', '-c', 'mount -t tmpfs tmpfs /run && exec "$@"', 'sh',
]

/** The processes of a local cluster outside of its nodes. */
export interface LocalDaemons {
  readonly etcd: Daemon
  readonly apiServer: Daemon
  readonly controllerManager: Daemon
  readonly scheduler: Daemon
  /** Service addresses for the host. */
  readonly gatewayProxy: Daemon
  readonly dns: Daemon
  readonly provisioner: Daemon
}

export function localDaemons(state: LocalState): LocalDaemons {
  const { directory, layout, bin, marker: env } = state
  const daemon = (name: string, ...command: [string, ...string[]]): Daemon =>
    new Daemon({ name, directory, command, env })
  const program = (name: string, ...args: string[]): Daemon =>
    daemon(name, join(bin, name), ...args)
  const [enter, ...gateway] = inNamespace(gatewayNamespace(layout)) as [string, ...string[]]
  const admin = state.adminKubeconfig
  return {
    ...controlPlane(state, program),
    // Its lock lies in /run.
    gatewayProxy: daemon(
      'gateway-proxy',
      enter,
      ...gateway,
      ...WITH_OWN_RUN,
      join(bin, 'kube-proxy'),
      // It needs the name of a node that there is.
      ...proxyArgs(layout, nodeName(1), admin),
    ),
    dns: daemon(
      'dns',
      enter,
      ...gateway,
      join(bin, 'coredns'),
      '-conf',
      join(directory, 'Corefile'),
    ),
    provisioner: program(
      'local-path-provisioner',
      'start',
      `--kubeconfig=${admin}`,
      `--namespace=${STORAGE_NAMESPACE}`,
      `--config=${join(directory, 'provisioner.json')}`,
      `--helper-pod-file=${join(directory, 'helper-pod.yaml')}`,
      `--helper-image=${SHELL_IMAGE}`,
    ),
  }
}

function controlPlane(
  { directory, layout, pki, etcdPorts, adminKubeconfig }: LocalState,
  program: (name: string, ...args: string[]) => Daemon,
) {
  const [port, peerPort] = etcdPorts
  const etcd = { data: join(directory, 'etcd'), port, peerPort }
  const manager = controllerManagerArgs(adminKubeconfig, pki.folder)
  return {
    etcd: program('etcd', ...etcdArgs(etcd)),
    apiServer: program(
      'kube-apiserver',
      ...apiServerArgs({
        etcd,
        address: hostAddress(layout),
        port: API_PORT,
        pki: pki.folder,
        serviceRange: serviceRange(layout),
      }),
      `--kubelet-client-certificate=${pki.file('admin.crt')}`,
      `--kubelet-client-key=${pki.file('admin.key')}`,
      `--kubelet-certificate-authority=${pki.file('ca.crt')}`,
      '--kubelet-preferred-address-types=InternalIP',
      `--default-not-ready-toleration-seconds=${TOLERATION_SECONDS}`,
      `--default-unreachable-toleration-seconds=${TOLERATION_SECONDS}`,
    ),
    controllerManager: program(
      'kube-controller-manager',
      ...manager,
      '--allocate-node-cidrs=false',
      '--node-monitor-period=1s',
      `--node-monitor-grace-period=${LOST_SECONDS}s`,
    ),
    scheduler: program(
      'kube-scheduler',
      `--kubeconfig=${adminKubeconfig}`,
      '--leader-elect=false',
      '--secure-port=0',
    ),
  }
}
