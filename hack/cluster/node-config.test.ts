import { expect, test } from 'vitest'
import { layoutOf } from './layout.ts'
import { containerdConfig, kubeletConfig, networkConfig, proxyArgs } from './node-config.ts'

const layout = layoutOf(3)

test('pods of a node have addresses of its own range', () => {
  expect(networkConfig(layout, 2)).toContain('"subnet": "10.99.2.0/24"')
})

test('the kubelet asks the cluster for names, and stays within the cgroup of its node', () => {
  const config = JSON.parse(kubeletConfig(layout, 2, '/pki')) as Record<string, unknown>
  expect(config).toMatchObject({
    clusterDNS: ['10.163.0.10'],
    cgroupRoot: '/fc3/node2',
    tlsCertFile: '/pki/node2.crt',
  })
})

test('containerd keeps to the folders of its node', () => {
  const config = containerdConfig('/state/node1/networks', '/usr/lib/cni')
  expect(config).toContain('conf_dir = "/state/node1/networks"')
  // It would make /opt/containerd on the machine itself.
  expect(config).toContain('"io.containerd.internal.v1.opt"')
})

test('kube-proxy knows which addresses are pods', () => {
  expect(proxyArgs(layout, 'node1', '/k')).toContain('--cluster-cidr=10.99.0.0/16')
})
