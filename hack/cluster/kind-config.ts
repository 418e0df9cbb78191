/** Of a kind cluster with a control plane and so many nodes for pods, as a file for `kind --config`. */
export function kindConfig(nodes: number): object {
  return {
    kind: 'Cluster',
    apiVersion: 'kind.x-k8s.io/v1alpha4',
    nodes: [
      { role: 'control-plane', kubeadmConfigPatches: [quickLoss()] },
      ...Array.from({ length: nodes }, (_, at) => ({
        role: 'worker',
        labels: { 'topology.kubernetes.io/zone': `zone${at + 1}` },
      })),
    ],
  }
}

/** A lost node is noticed as soon as in the local provider; see local-daemons.ts. */
function quickLoss(): string {
  const extraArgs = (args: Readonly<Record<string, string>>): object => ({
    extraArgs: Object.entries(args).map(([name, value]) => ({ name, value })),
  })
  return JSON.stringify({
    apiVersion: 'kubeadm.k8s.io/v1beta4',
    kind: 'ClusterConfiguration',
    apiServer: extraArgs({
      'default-not-ready-toleration-seconds': '5',
      'default-unreachable-toleration-seconds': '5',
    }),
    controllerManager: extraArgs({
      'node-monitor-period': '1s',
      'node-monitor-grace-period': '16s',
    }),
  })
}

/** The name that manifests use for volumes on a node's disk, with kind's own provisioner. */
export function storageClasses(): object[] {
  return [
    {
      apiVersion: 'storage.k8s.io/v1',
      kind: 'StorageClass',
      metadata: { name: 'local' },
      provisioner: 'rancher.io/local-path',
      volumeBindingMode: 'WaitForFirstConsumer',
      reclaimPolicy: 'Delete',
    },
  ]
}
