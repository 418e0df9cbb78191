import { readManifests } from '../../agent/config/manifests.ts'
import type { Manifest } from '../../agent/config/manifests.ts'

/** Manifests for tests of what concerns several agents. */

const KIND = 'apiVersion: flume-operator.io/v1alpha1\nkind:'

export function agent(name: string, replicas?: number): string {
  const spec = replicas === undefined ? '' : `spec: { replicas: ${replicas} }\n`
  return `${KIND} FlumeAgent\nmetadata: { name: ${name} }\n${spec}`
}

export interface FlowParts {
  readonly agent?: string
  /** After `sources:`, `sinks:`. */
  readonly sources?: string
  readonly sinks?: string
}

export function flow(name: string, parts: FlowParts = {}): string {
  const { sources = '[{ name: in, seq: {} }]', sinks = '[{ name: out, null: {} }]' } = parts
  return `${KIND} FlumeFlow
metadata: { name: ${name} }
spec:
  ${parts.agent === undefined ? '' : `agentRef: { name: ${parts.agent} }`}
  sources: ${sources}
  sinks: ${sinks}
`
}

/** A flow that takes events at a port. */
export function receiver(name: string, agentName: string, port = 4141): string {
  return flow(name, { agent: agentName, sources: `[{ name: in, avro: { port: ${port} } }]` })
}

/** A flow that hands its events to another agent. */
export function sender(name: string, target: string, agentName?: string): string {
  const sinks = `[{ name: out, agent: { ${target} } }]`
  return flow(name, { sinks, ...(agentName === undefined ? {} : { agent: agentName }) })
}

export const documents = (...texts: readonly string[]): string => texts.join('---\n')

/** The manifests of one file, f.yaml. */
export function read(...texts: readonly string[]): readonly Manifest[] {
  return readManifests({ name: 'f.yaml', text: documents(...texts) }).manifests
}
