import { dnsAddress, nodeName, nodePodRange, podRange } from './layout.ts'
import type { Layout } from './layout.ts'
import { PAUSE_IMAGE } from '../setup/cluster/base-images.ts'

/**
 * Files that a node's programs read. Their own folders have the usual paths (/var/lib/kubelet and the
 * like), which are private to each node.
 */

/** Seconds of a node lease; renewed every quarter of it, so that a lost node is noticed soon. */
const LEASE_SECONDS = 4

export function containerdConfig(networkConfigs: string, plugins: string): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${PAUSE_IMAGE}"
  # Without CAP_SYS_RESOURCE nobody may lower it.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${plugins}"
    conf_dir = "${networkConfigs}"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
`
}

/**
 * Point-to-point links instead of a bridge: a pod that reaches one of its own node through a Service
 * is routed and so meets the rules for services.
 */
export function networkConfig(layout: Layout, index: number): string {
  const config = {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni-ipam',
          ranges: [[{ subnet: nodePodRange(layout, index) }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  }
  return JSON.stringify(config, undefined, 2)
}

export function kubeletConfig(layout: Layout, index: number, pki: string): string {
  const name = nodeName(index)
  const config = {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    containerRuntimeEndpoint: 'unix:///run/containerd/containerd.sock',
    cgroupDriver: 'cgroupfs',
    cgroupRoot: `/${layout.prefix}/${name}`,
    failSwapOn: false,
    failCgroupV1: false,
    authentication: {
      anonymous: { enabled: false },
      x509: { clientCAFile: `${pki}/ca.crt` },
      webhook: { enabled: true },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: `${pki}/${name}.crt`,
    tlsPrivateKeyFile: `${pki}/${name}.key`,
    clusterDNS: [dnsAddress(layout)],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    // The usual place is outside of the node's own folders.
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    nodeLeaseDurationSeconds: LEASE_SECONDS,
    nodeStatusUpdateFrequency: '4s',
    syncFrequency: '10s',
    evictionHard: {
      'imagefs.available': '1%',
      'nodefs.available': '1%',
      'memory.available': '100Mi',
    },
    // Images come from archives and cannot be fetched again.
    imageGCHighThresholdPercent: 100,
    serializeImagePulls: false,
    featureGates: { KubeletCrashLoopBackOffMax: true },
    crashLoopBackOff: { maxContainerRestartPeriod: '5s' },
  }
  return JSON.stringify(config, undefined, 2)
}

/** Its sysctls of connection tracking cannot be written in a network namespace. */
export function proxyArgs(layout: Layout, node: string, kubeconfig: string): string[] {
  return [
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${node}`,
    `--cluster-cidr=${podRange(layout)}`,
    '--proxy-mode=iptables',
    '--conntrack-max-per-core=0',
    '--conntrack-tcp-timeout-established=0',
    '--conntrack-tcp-timeout-close-wait=0',
  ]
}
