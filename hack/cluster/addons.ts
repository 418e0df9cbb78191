import { SHELL_IMAGE } from '../setup/cluster/base-images.ts'
import { dnsAddress, gatewayAddress } from './layout.ts'
import type { Layout } from './layout.ts'

/** Objects and files of what makes nodes a usable cluster: DNS and volumes. */

/** Where the gateway's CoreDNS says that it is ready. */
export const DNS_READY_PORT = 8181

/**
 * Answers hold for a second and nothing is cached: a pod's name follows its address at once. Names outside
 * of the cluster fail at once.
 */
export function corefile(layout: Layout, kubeconfig: string): string {
  return `.:53 {
  bind ${gatewayAddress(layout)}
  errors
  ready ${gatewayAddress(layout)}:${DNS_READY_PORT}
  kubernetes cluster.local in-addr.arpa {
    kubeconfig ${kubeconfig} ${layout.prefix}
    pods insecure
    ttl 1
  }
}
`
}

/** DNS as pods know it: a Service whose only endpoint is the gateway. */
export function dnsObjects(layout: Layout): object[] {
  const ports = [
    { name: 'dns', port: 53, protocol: 'UDP' },
    { name: 'dns-tcp', port: 53, protocol: 'TCP' },
  ]
  return [
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'kube-dns', namespace: 'kube-system' },
      spec: { clusterIP: dnsAddress(layout), ports },
    },
    {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        name: 'kube-dns-gateway',
        namespace: 'kube-system',
        labels: { 'kubernetes.io/service-name': 'kube-dns' },
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: [gatewayAddress(layout)], conditions: { ready: true } }],
      ports,
    },
  ]
}

export const STORAGE_NAMESPACE = 'local-path-storage'
const PROVISIONER = 'rancher.io/local-path'
/** On a node's own disk. */
const VOLUMES = '/var/lib/volumes'

/**
 * Two storage classes: `local`, the default, whose volumes are tied to the node of their pod like local
 * disks; and `shared`, one folder that all nodes see, which stands for storage in the network.
 */
export function storageObjects(): object[] {
  const storageClass = (name: string, mode: string, annotations: object): object => ({
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name, annotations },
    provisioner: PROVISIONER,
    volumeBindingMode: mode,
    reclaimPolicy: 'Delete',
    allowVolumeExpansion: true,
  })
  return [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: STORAGE_NAMESPACE } },
    {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'local-path-provisioner-service-account', namespace: STORAGE_NAMESPACE },
    },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'local-path-config', namespace: STORAGE_NAMESPACE },
      data: {
        setup: 'set -eu; mkdir -m 0777 -p "$VOL_DIR"',
        teardown: 'set -eu; rm -rf "$VOL_DIR"',
      },
    },
    storageClass('local', 'WaitForFirstConsumer', {
      'storageclass.kubernetes.io/is-default-class': 'true',
    }),
    storageClass('shared', 'Immediate', {}),
  ]
}

export function provisionerConfig(sharedFolder: string): object {
  const everyNode = { node: 'DEFAULT_PATH_FOR_NON_LISTED_NODES', paths: [VOLUMES] }
  return {
    storageClassConfigs: {
      local: { nodePathMap: [everyNode] },
      shared: { sharedFileSystemPath: sharedFolder },
    },
  }
}

/** The pod that makes or removes the folder of a volume. */
export function helperPod(): object {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'helper-pod' },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'helper-pod', image: SHELL_IMAGE, imagePullPolicy: 'IfNotPresent' }],
    },
  }
}

/**
 * The authorizer of nodes learns of a new pod a moment after its kubelet does; a claim that is refused
 * meanwhile costs a retry after 10 s. Here nodes may read everything.
 */
export function nodesMayReadAll(): object {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRoleBinding',
    metadata: { name: 'development-nodes' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' },
    subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: 'system:nodes' }],
  }
}
