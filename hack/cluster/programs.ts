import { join } from 'node:path'

/** Command lines of the control plane, for one that stands alone and for that of a cluster. */

export interface Etcd {
  readonly data: string
  readonly port: number
  readonly peerPort: number
}

export function etcdUrl({ port }: { readonly port: number }): string {
  return `http://127.0.0.1:${port}`
}

export function etcdArgs(etcd: Etcd): string[] {
  const peer = etcdUrl({ port: etcd.peerPort })
  const client = etcdUrl(etcd)
  return [
    `--data-dir=${etcd.data}`,
    // A power loss of this machine ends the cluster anyway.
    '--unsafe-no-fsync',
    '--log-level=warn',
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
  ]
}

export interface ApiServer {
  readonly etcd: Etcd
  readonly address: string
  readonly port: number
  /** Folder of an Authority that has issued `apiserver` and `admin`. */
  readonly pki: string
  readonly serviceRange: string
}

export function apiServerArgs({ etcd, address, port, pki, serviceRange }: ApiServer): string[] {
  return [
    `--etcd-servers=${etcdUrl(etcd)}`,
    `--bind-address=${address}`,
    `--advertise-address=${address}`,
    `--secure-port=${port}`,
    `--tls-cert-file=${join(pki, 'apiserver.crt')}`,
    `--tls-private-key-file=${join(pki, 'apiserver.key')}`,
    `--client-ca-file=${join(pki, 'ca.crt')}`,
    `--service-account-key-file=${join(pki, 'sa.key')}`,
    `--service-account-signing-key-file=${join(pki, 'sa.key')}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-cluster-ip-range=${serviceRange}`,
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged',
  ]
}

export function controllerManagerArgs(kubeconfig: string, pki: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--service-account-private-key-file=${join(pki, 'sa.key')}`,
    `--root-ca-file=${join(pki, 'ca.crt')}`,
    `--cluster-signing-cert-file=${join(pki, 'ca.crt')}`,
    `--cluster-signing-key-file=${join(pki, 'ca.key')}`,
    '--use-service-account-credentials',
    '--leader-elect=false',
    '--secure-port=0',
    '--kube-api-qps=100',
    '--kube-api-burst=200',
  ]
}
