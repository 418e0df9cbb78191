import { missingClusterTools } from '../setup/cluster.ts'
import { CLUSTER_CURE, clusterParts } from './binaries.ts'
import { LocalCluster } from './local-cluster.ts'
import { takeDown } from './local-down.ts'
import { bringUp } from './local-up.ts'
import { NODES_MAX } from './layout.ts'
import { routesInto } from './leftovers.ts'
import { freePorts } from './ports.ts'
import type { Provider } from './provider.ts'
import { readRecord, refuseForeign, writeRecord } from './record.ts'
import type { ClusterRecord } from './record.ts'
import { claim, takeSlot } from './slots.ts'
import { localState } from './state.ts'
import type { LocalState } from './state.ts'

const NAME = 'local'
const NODES_DEFAULT = 2
/** A node has folders of its own in their place, and would not see what lies below them. */
const PRIVATE = ['/var/lib', '/var/log', '/run']

/** Clusters on this machine alone, without a container engine. Needs root on Linux. */
export const localProvider: Provider = {
  async up({ directory, nodes, say }) {
    const why = cannotRun()
    if (why !== undefined) throw new Error(why)
    const place = PRIVATE.find((each) => directory.startsWith(`${each}/`))
    if (place !== undefined) throw new Error(`the state directory cannot be below ${place}`)
    refuseForeign(directory)
    const { bin, images } = clusterParts()!
    const state = await claimState(directory, bin, nodes)
    await bringUp(state, images, say)
    return new LocalCluster(state)
  },

  async attach(directory) {
    return attachLocal(directory)
  },

  down: takeDown,
}

/** The facts of this machine that make it impossible, if any, with the cure. */
export function cannotRun(): string | undefined {
  if (process.platform !== 'linux') return 'a cluster without a container engine needs Linux'
  if (process.getuid?.() !== 0) return 'a cluster without a container engine needs root'
  const tools = missingClusterTools().map((tool) => tool.title)
  if (tools.length > 0) return `${tools.join(', ')}: missing: ${CLUSTER_CURE}`
  if (clusterParts() === undefined) return `the cluster's programs are missing: ${CLUSTER_CURE}`
  return undefined
}

export function attachLocal(directory: string): LocalCluster {
  const record = readRecord(directory)
  const bin = clusterParts()?.bin
  if (record?.slot === undefined || record.etcdPorts === undefined || bin === undefined) {
    throw new Error(`there is no cluster in ${directory}: npm run cluster:up`)
  }
  return new LocalCluster(localState(directory, bin, { ...record, ...slotAndPorts(record) }))
}

function slotAndPorts({ slot, etcdPorts }: ClusterRecord) {
  return { slot: slot!, etcdPorts: etcdPorts! }
}

async function claimState(
  directory: string,
  bin: string,
  wanted: number | undefined,
): Promise<LocalState> {
  const there = readRecord(directory)
  const nodes = wanted ?? there?.nodes ?? NODES_DEFAULT
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > NODES_MAX) {
    throw new Error(`a cluster has 1 to ${NODES_MAX} nodes`)
  }
  if (there !== undefined && there.nodes !== nodes) {
    throw new Error(
      `this cluster has ${there.nodes} nodes: take it down first, or leave --nodes out`,
    )
  }
  const ports = there?.etcdPorts ?? ((await freePorts(2)) as [number, number])
  const record = { provider: NAME, nodes, etcdPorts: ports }
  if (there === undefined) writeRecord(directory, record)
  const slot = there?.slot ?? (await newSlot(directory))
  if (!claim(directory, slot))
    throw new Error(`another cluster has this one's network: take one down`)
  writeRecord(directory, { ...record, slot })
  return localState(directory, bin, { ...record, slot })
}

async function newSlot(directory: string): Promise<number> {
  return takeSlot(directory, async (layout) => (await routesInto(layout)).length === 0)
}
