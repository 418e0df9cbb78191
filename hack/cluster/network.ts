import { existsSync, readdirSync, rmdirSync } from 'node:fs'
import { command } from './command.ts'
import {
  gatewayAddress,
  gatewayNamespace,
  hostAddress,
  hostLink,
  nodeAddress,
  nodeName,
  nodeNamespace,
  nodePodRange,
  serviceRange,
} from './layout.ts'
import type { Layout } from './layout.ts'

/**
 * The network of a cluster. A namespace of its own, the gateway, holds the bridge to which nodes are
 * plugged. The host has one link to it and routes: no rule and no bridge, and yet what runs on the
 * host reaches pods and services. Nodes have no default route: nothing leaves the machine.
 */

const NAMESPACES = '/run/netns'
const EXISTS = 'File exists'

export function namespaceFile(name: string): string {
  return `${NAMESPACES}/${name}`
}

/** Command that runs another one in a network namespace. */
export function inNamespace(name: string): string[] {
  return ['nsenter', `--net=${namespaceFile(name)}`]
}

async function ip(...args: string[]): Promise<string> {
  return command('ip', args)
}

/** Does nothing where it is done already. */
async function ipOnce(...args: string[]): Promise<string> {
  return command('ip', args, { tolerate: EXISTS })
}

/** May be repeated: makes what is missing. */
export async function makeNetwork(layout: Layout, nodes: number): Promise<void> {
  const gateway = gatewayNamespace(layout)
  await ipOnce('netns', 'add', gateway)
  await sysctl(gateway, [
    'net.ipv4.ip_forward=1',
    'net.ipv4.conf.all.send_redirects=0',
    'net.ipv4.conf.default.send_redirects=0',
  ])
  // Frames of the bridge would meet the rules for services a second time.
  if (existsSync('/proc/sys/net/bridge')) {
    await sysctl(gateway, ['net.bridge.bridge-nf-call-iptables=0'])
  }
  await ip('-n', gateway, 'link', 'set', 'lo', 'up')
  await ipOnce('-n', gateway, 'link', 'add', 'br0', 'type', 'bridge')
  await ip('-n', gateway, 'addr', 'replace', `${gatewayAddress(layout)}/24`, 'dev', 'br0')
  await ip('-n', gateway, 'link', 'set', 'br0', 'up')
  const link = hostLink(layout)
  if (!existsSync(`/sys/class/net/${link}`)) {
    const peer = ['peer', 'name', 'host', 'netns', gateway]
    await ip('link', 'add', link, 'type', 'veth', ...peer)
  }
  await ip('-n', gateway, 'link', 'set', 'host', 'master', 'br0', 'up')
  await ip('addr', 'replace', `${hostAddress(layout)}/24`, 'dev', link)
  await ip('link', 'set', link, 'up')
  await ip('route', 'replace', serviceRange(layout), 'via', gatewayAddress(layout))
  for (let index = 1; index <= nodes; index += 1) {
    const route = ['replace', nodePodRange(layout, index), 'via', nodeAddress(layout, index)]
    await ip('route', ...route)
    await ip('-n', gateway, 'route', ...route)
  }
}

async function sysctl(namespace: string, values: readonly string[]): Promise<void> {
  const [program, ...args] = [...inNamespace(namespace), 'sysctl', '--quiet', '-w', ...values]
  await command(program!, args)
}

/** A node's namespace is made anew at each start, as after a reboot. */
export async function plugNode(layout: Layout, index: number, nodes: number): Promise<void> {
  const [gateway, name] = [gatewayNamespace(layout), nodeName(index)]
  const namespace = nodeNamespace(layout, index)
  await unplugNode(layout, index)
  await ip('netns', 'add', namespace)
  const peer = ['peer', 'name', 'eth0', 'netns', namespace]
  await ip('-n', gateway, 'link', 'add', name, 'type', 'veth', ...peer)
  await ip('-n', gateway, 'link', 'set', name, 'master', 'br0', 'up')
  await ip('-n', namespace, 'link', 'set', 'lo', 'up')
  await ip('-n', namespace, 'addr', 'add', `${nodeAddress(layout, index)}/24`, 'dev', 'eth0')
  await ip('-n', namespace, 'link', 'set', 'eth0', 'up')
  // For processes of the node itself, such as the kubelet's probes: without a route their packets are
  // refused before the rules for services see them.
  await ip('-n', namespace, 'route', 'add', serviceRange(layout), 'dev', 'eth0')
  for (let other = 1; other <= nodes; other += 1) {
    if (other === index) continue
    const route = [nodePodRange(layout, other), 'via', nodeAddress(layout, other)]
    await ip('-n', namespace, 'route', 'add', ...route)
  }
  await sysctl(namespace, ['net.ipv4.ip_forward=1'])
}

export async function unplugNode(layout: Layout, index: number): Promise<void> {
  await removeNamespace(nodeNamespace(layout, index))
  const gateway = gatewayNamespace(layout)
  await command('ip', ['-n', gateway, 'link', 'del', nodeName(index)], {
    tolerate: 'Cannot find device',
  })
}

/** Cuts a node off, or joins it again. What runs on it does not notice but by silence. */
export async function setLink(layout: Layout, index: number, to: 'up' | 'down'): Promise<void> {
  await ip('-n', gatewayNamespace(layout), 'link', 'set', nodeName(index), to)
}

/** Removes all namespaces and links of a cluster, and with them their routes. What it removed. */
export async function removeNetwork(layout: Layout): Promise<string[]> {
  const removed: string[] = []
  for (const name of namespacesOf(layout)) {
    await removeNamespace(name)
    removed.push(`network namespace ${name}`)
  }
  const link = hostLink(layout)
  if (existsSync(`/sys/class/net/${link}`)) {
    await command('ip', ['link', 'del', link], { tolerate: 'Cannot find device' })
    removed.push(`link ${link} with its routes`)
  }
  await removeEmptyMount()
  return removed
}

export function namespacesOf(layout: Layout): string[] {
  if (!existsSync(NAMESPACES)) return []
  return readdirSync(NAMESPACES).filter((name) => name.startsWith(`${layout.prefix}-`))
}

async function removeNamespace(name: string): Promise<void> {
  if (existsSync(namespaceFile(name))) await command('ip', ['netns', 'del', name])
}

/** The first namespace makes `ip` mount its folder on itself; the last one leaves that behind. */
async function removeEmptyMount(): Promise<void> {
  if (!existsSync(NAMESPACES) || readdirSync(NAMESPACES).length > 0) return
  try {
    await command('umount', [NAMESPACES], { tolerate: 'not mounted' })
    rmdirSync(NAMESPACES)
  } catch {
    // Somebody else has made one meanwhile, and needs the folder.
  }
}
