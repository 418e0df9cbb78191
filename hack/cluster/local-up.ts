import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  DNS_READY_PORT,
  corefile,
  dnsObjects,
  helperPod,
  nodesMayReadAll,
  provisionerConfig,
  storageObjects,
} from './addons.ts'
import { probe } from './api-probe.ts'
import { kubeconfig } from './kubeconfig.ts'
import { Kubectl } from './kubectl.ts'
import {
  apiUrl,
  gatewayAddress,
  hostAddress,
  nodeAddress,
  nodeName,
  serviceRange,
} from './layout.ts'
import { localDaemons } from './local-daemons.ts'
import type { LocalDaemons } from './local-daemons.ts'
import { makeNetwork } from './network.ts'
import { ClusterNode } from './node.ts'
import type { LocalState } from './state.ts'
import { until } from './until.ts'

const READY_SECONDS_MAX = 90

/**
 * Brings a cluster up, step by step; each step does nothing where it is done already, so that a start
 * that failed half-way, or a cluster of which something died, is completed by doing it again.
 */
export async function bringUp(
  state: LocalState,
  images: string,
  say: (step: string) => void,
): Promise<void> {
  await makeCertificates(state)
  await makeNetwork(state.layout, state.nodes)
  say('certificates and network')
  const daemons = localDaemons(state)
  const kubectl = new Kubectl(join(state.bin, 'kubectl'), state.adminKubeconfig)
  await startControlPlane(state, daemons, kubectl)
  say('API server')
  const nodes = allNodes(state)
  await Promise.all(nodes.map((node) => node.start()))
  const names = nodes.map((node) => `node/${node.name}`)
  await until('all nodes are registered', READY_SECONDS_MAX, () =>
    succeeds(kubectl, 'get', ...names),
  )
  say('nodes')
  await Promise.all([
    startDns(state, daemons, kubectl),
    Promise.all(nodes.map((node) => node.importImages(images))),
    startStorage(state, daemons, kubectl),
  ])
  say('DNS, images, volumes')
  await kubectl.run(['wait', '--for=condition=Ready', ...names, `--timeout=${READY_SECONDS_MAX}s`])
  await until('the default service account', READY_SECONDS_MAX, () =>
    succeeds(kubectl, 'get', 'serviceaccount', 'default'),
  )
  say('ready')
}

export function allNodes(state: LocalState): ClusterNode[] {
  return Array.from({ length: state.nodes }, (_, index) => new ClusterNode(state, index + 1))
}

async function makeCertificates({
  pki,
  layout,
  nodes,
  adminKubeconfig,
}: LocalState): Promise<void> {
  await pki.create()
  const service = serviceRange(layout).replace('.0/16', '.1')
  const names = ['kubernetes', 'kubernetes.default', 'kubernetes.default.svc', 'localhost']
  const addresses = ['127.0.0.1', hostAddress(layout), service]
  await Promise.all([
    pki.issue({ name: 'admin', subject: '/O=system:masters/CN=admin' }),
    pki.issue({
      name: 'apiserver',
      subject: '/CN=kube-apiserver',
      names: [...names.map((each) => `DNS:${each}`), ...addresses.map((each) => `IP:${each}`)],
    }),
    ...Array.from({ length: nodes }, (_, at) => {
      const [name, address] = [nodeName(at + 1), nodeAddress(layout, at + 1)]
      const subject = `/O=system:nodes/CN=system:node:${name}`
      return pki.issue({ name, subject, names: [`DNS:${name}`, 'IP:127.0.0.1', `IP:${address}`] })
    }),
  ])
  writeFileSync(
    adminKubeconfig,
    kubeconfig({
      cluster: layout.prefix,
      server: apiUrl(layout),
      authority: pki.file('ca.crt'),
      certificate: pki.file('admin.crt'),
      key: pki.file('admin.key'),
    }),
    { mode: 0o600 },
  )
}

async function startControlPlane(
  { pki, layout }: LocalState,
  daemons: LocalDaemons,
  kubectl: Kubectl,
): Promise<void> {
  daemons.etcd.start()
  daemons.apiServer.start()
  const isReady = async (): Promise<boolean> =>
    (await probe(pki, apiUrl(layout), '/readyz')) === 200
  await daemons.apiServer.until('the API server is ready', READY_SECONDS_MAX, isReady)
  await kubectl.apply([nodesMayReadAll()])
  daemons.controllerManager.start()
  daemons.scheduler.start()
}

async function startDns(
  { directory, layout, adminKubeconfig }: LocalState,
  daemons: LocalDaemons,
  kubectl: Kubectl,
): Promise<void> {
  daemons.gatewayProxy.start()
  writeFileSync(join(directory, 'Corefile'), corefile(layout, adminKubeconfig))
  daemons.dns.start()
  await kubectl.apply(dnsObjects(layout))
  const ready = `http://${gatewayAddress(layout)}:${DNS_READY_PORT}/ready`
  await daemons.dns.until('DNS answers', READY_SECONDS_MAX, async () =>
    fetch(ready).then(
      (answer) => answer.ok,
      () => false,
    ),
  )
}

async function startStorage(
  { directory }: LocalState,
  daemons: LocalDaemons,
  kubectl: Kubectl,
): Promise<void> {
  const shared = join(directory, 'shared')
  mkdirSync(shared, { recursive: true })
  const write = (name: string, value: object): void =>
    writeFileSync(join(directory, name), JSON.stringify(value, undefined, 2))
  write('provisioner.json', provisionerConfig(shared))
  write('helper-pod.yaml', helperPod())
  await kubectl.apply(storageObjects())
  daemons.provisioner.start()
}

async function succeeds(kubectl: Kubectl, ...args: string[]): Promise<boolean> {
  return kubectl.run(args).then(
    () => true,
    () => false,
  )
}
