import { createHash } from 'node:crypto'

/**
 * Names, addresses and ports of a cluster. All follow from a slot, one of 64; which slot a cluster
 * takes follows from its state directory, or is the next one if that is taken. So clusters stand beside each
 * other.
 */
export interface Layout {
  readonly slot: number
  /** Of network namespaces, links and cgroups; a link has at most 15 characters. */
  readonly prefix: string
  /** First three numbers of the nodes' network; the host is .1, the gateway .2, node n .10+n. */
  readonly nodeNetwork: string
  /** First two numbers of the pods' network; node n has .n.0/24. */
  readonly podNetwork: string
  /** First two numbers of the services' network. */
  readonly serviceNetwork: string
}

export const SLOTS = 64
export const NODES_MAX = 9
export const API_PORT = 6443

/** Second number of the networks below 10.0.0.0/8: pods 96–159, services 160–223, nodes 224. */
const POD_BASE = 96
const SERVICE_BASE = POD_BASE + SLOTS
const NODE_BASE = SERVICE_BASE + SLOTS

export function layoutOf(slot: number): Layout {
  return {
    slot,
    prefix: `fc${slot}`,
    nodeNetwork: `10.${NODE_BASE}.${slot}`,
    podNetwork: `10.${POD_BASE + slot}`,
    serviceNetwork: `10.${SERVICE_BASE + slot}`,
  }
}

/** All slots, in the order in which a state directory tries them. */
export function slotsFor(state: string): number[] {
  const first = createHash('sha256').update(state).digest().readUInt32BE() % SLOTS
  return Array.from({ length: SLOTS }, (_, step) => (first + step) % SLOTS)
}

/** Ranges that the host must not use for something else. */
export function rangesOf(layout: Layout): string[] {
  return [podRange(layout), serviceRange(layout), `${layout.nodeNetwork}.0/24`]
}

export function podRange(layout: Layout): string {
  return `${layout.podNetwork}.0.0/16`
}

export function serviceRange(layout: Layout): string {
  return `${layout.serviceNetwork}.0.0/16`
}

export function hostAddress(layout: Layout): string {
  return `${layout.nodeNetwork}.1`
}

export function gatewayAddress(layout: Layout): string {
  return `${layout.nodeNetwork}.2`
}

/** Of the cluster's DNS. */
export function dnsAddress(layout: Layout): string {
  return `${layout.serviceNetwork}.0.10`
}

export function apiUrl(layout: Layout): string {
  return `https://${hostAddress(layout)}:${API_PORT}`
}

export function nodeName(index: number): string {
  return `node${index}`
}

export function nodeAddress(layout: Layout, index: number): string {
  return `${layout.nodeNetwork}.${10 + index}`
}

export function nodePodRange(layout: Layout, index: number): string {
  return `${layout.podNetwork}.${index}.0/24`
}

export function gatewayNamespace(layout: Layout): string {
  return `${layout.prefix}-net`
}

export function nodeNamespace(layout: Layout, index: number): string {
  return `${layout.prefix}-${nodeName(index)}`
}

/** The host's end of its link to the gateway. */
export function hostLink(layout: Layout): string {
  return `${layout.prefix}-host`
}
