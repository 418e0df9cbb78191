import { join } from 'node:path'
import type { Manifest } from '../config/manifests.ts'
import { toValue } from '../config/node.ts'
import type { ReplicaPlace } from './layout.ts'
import type { ReplicaSpec } from './replica.ts'

export interface SpecOptions {
  readonly dataDir: string
  /** Options of `flume run` that all processes are given. */
  readonly runArgs: readonly string[]
}

export interface SpecParts {
  readonly place: ReplicaPlace
  /** `FLOW/SOURCE` → port, where it is not the written one. */
  readonly ports: ReadonlyMap<string, number>
  /** Agent → addresses, of those that this one hands events to. */
  readonly addresses: ReadonlyMap<string, readonly string[]>
  /** Those of the agent. */
  readonly manifests: readonly Manifest[]
}

/** The process of one replica. */
export function replicaSpec(
  agent: string,
  { place, ports, addresses, manifests }: SpecParts,
  configuration: string,
  { dataDir, runArgs }: SpecOptions,
): ReplicaSpec {
  const { name, ordinal, admin } = place
  const directory = join(dataDir, name)
  const manifestFile = join(directory, 'manifests.yaml')
  const args = [
    'run',
    `--file=${manifestFile}`,
    `--agent=${agent}`,
    `--ordinal=${ordinal}`,
    `--data-dir=${dataDir}`,
    `--admin=${admin}`,
    ...[...ports].map(([key, port]) => `--port=${key}=${port}`),
    ...[...addresses].map(([pool, all]) => `--agent-address=${pool}=${all.join(',')}`),
    ...runArgs,
  ]
  const logFile = join(dataDir, 'logs', `${name}.log`)
  const manifest = render(manifests)
  return {
    name,
    agent,
    ordinal,
    args,
    manifest,
    manifestFile,
    directory,
    logFile,
    admin,
    configuration,
  }
}

/**
 * The manifests as text of their own: the process keeps running in this version, also when it has to
 * be started again, whatever becomes of the files they came from. JSON is YAML.
 */
function render(manifests: readonly Manifest[]): string {
  return manifests.map(({ root }) => `---\n${JSON.stringify(toValue(root), null, 2)}\n`).join('')
}
