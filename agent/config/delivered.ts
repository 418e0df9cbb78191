import { z } from 'zod'
import type { ErrorCode } from '../core/errors.ts'
import { componentName } from '../core/schema.ts'
import { stableHash, stableJson } from './hash.ts'
import { API_VERSION } from './schema.ts'

/**
 * A flow as an operator hands it to the agents of a pool: one key of a ConfigMap, one file in the pod.
 * Its manifest stands in it as the API server has it; what an agent cannot find out by itself stands
 * beside it. Pure: both ends use this file.
 */
export interface DeliveredFlow {
  readonly formatVersion: typeof FORMAT_VERSION
  /** Name of the FlumeFlow. */
  readonly flow: string
  /** `metadata.generation` of the FlumeFlow that this was made of. */
  readonly generation: number
  /** Changes when anything changes that an agent acts on: manifest, hops, format. 16 hex digits. */
  readonly hash: string
  readonly manifest: DeliveredManifest
  /** By sink: where a sink `agent` finds the pool that it names. */
  readonly hops: Readonly<Record<string, DeliveredHop>>
}

export interface DeliveredManifest {
  readonly apiVersion: typeof API_VERSION
  readonly kind: 'FlumeFlow'
  readonly metadata: { readonly name: string }
  readonly spec: unknown
}

/** A name that resolves to the addresses of all replicas, and the port of the source that takes events. */
export interface DeliveredHop {
  readonly host: string
  readonly port: number
}

/** Why a delivered text cannot be used. */
export interface DeliveredProblem {
  readonly code: ErrorCode
  readonly message: string
}

/** A newer one is refused: what it says may mean something else than it seems to. */
export const FORMAT_VERSION = 1

/** The key that says that a ConfigMap is there and complete, also one without flows. */
export const DELIVERED_AGENT_KEY = 'agent.json'

/** Of one text; a ConfigMap holds no more altogether. */
export const DELIVERED_BYTES_MAX = 2 ** 20

const DEPTH_MAX = 64

/** `manifest` is the object as the API server has it, `hops` what its sinks of type `agent` resolve to. */
export function deliver(
  manifest: { readonly metadata: { readonly name: string }; readonly spec: unknown },
  { generation, hops }: Pick<DeliveredFlow, 'generation' | 'hops'>,
): DeliveredFlow {
  const { name } = manifest.metadata
  const content = {
    formatVersion: FORMAT_VERSION,
    manifest: {
      apiVersion: API_VERSION,
      kind: 'FlumeFlow',
      metadata: { name },
      spec: manifest.spec,
    },
    hops,
  } as const
  return { ...content, flow: name, generation, hash: stableHash(content) }
}

/** The same text for the same flow, whatever the order of its keys. */
export function writeDelivered(flow: DeliveredFlow): string {
  return stableJson(flow)
}

/** The key of a flow in the ConfigMap, and the name of its file. */
export function deliveredKey(flow: string): string {
  return `flow.${flow}.json`
}

/** The flow that a key or file is of; undefined for any other. */
export function flowOfKey(key: string): string | undefined {
  return /^flow\.([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.json$/.exec(key)?.[1]
}

/**
 * All data of the ConfigMap of an agent. With the key of the agent itself an agent tells a pool without
 * flows from a ConfigMap that somebody deleted: the one removes flows, the other does not.
 */
export function deliveredData(
  agent: string,
  flows: readonly DeliveredFlow[],
): Readonly<Record<string, string>> {
  const own = [DELIVERED_AGENT_KEY, stableJson({ formatVersion: FORMAT_VERSION, agent })] as const
  return Object.fromEntries([
    own,
    ...flows.map((each) => [deliveredKey(each.flow), writeDelivered(each)] as const),
  ])
}

const deliveredSchema = z.object({
  formatVersion: z.literal(FORMAT_VERSION),
  flow: componentName,
  generation: z.int().nonnegative(),
  hash: z.string(),
  manifest: z.object({
    apiVersion: z.literal(API_VERSION),
    kind: z.literal('FlumeFlow'),
    metadata: z.object({ name: componentName }),
    spec: z.unknown(),
  }),
  hops: z.record(
    componentName,
    z.object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) }),
  ),
})

/**
 * What stands in a delivered text, or why it cannot be used. Says nothing of the manifest in it: that is
 * checked as any other. Never throws.
 */
export function readDelivered(
  text: string,
): { readonly flow: DeliveredFlow } | { readonly problem: DeliveredProblem } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    return unreadable(`it is not JSON: ${(error as Error).message}`)
  }
  const version: unknown = (value as { formatVersion?: unknown } | null)?.formatVersion
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    const message = `the flow was delivered in format ${version}, and this agent knows ${FORMAT_VERSION}. It is older than the operator: let its image be updated`
    return { problem: { code: 'FLM1502', message } }
  }
  if (depthOf(value) > DEPTH_MAX) return unreadable(`it is nested more than ${DEPTH_MAX} deep`)
  const parsed = deliveredSchema.safeParse(value)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    return unreadable(`${issue!.path.join('.') || 'the text'}: ${issue!.message}`)
  }
  const { flow: name, generation, hash, manifest, hops } = parsed.data
  const flow = deliver(manifest, { generation, hops })
  if (manifest.metadata.name !== name) return unreadable(`its manifest is of another flow`)
  if (flow.hash !== hash)
    return unreadable(`its hash is ${hash} and that of its content ${flow.hash}`)
  return { flow }
}

function unreadable(reason: string) {
  const message = `the delivered flow cannot be read: ${reason}. The operator writes it anew when its FlumeFlow or its ConfigMap changes`
  return { problem: { code: 'FLM1501' as const, message } }
}

/** Stops counting where it is too deep anyway. */
function depthOf(root: unknown): number {
  let level = [root]
  let depth = 0
  while (level.length > 0 && depth <= DEPTH_MAX) {
    depth++
    level = level.flatMap((each): unknown[] =>
      typeof each === 'object' && each !== null ? Object.values(each) : [],
    )
  }
  return depth
}
