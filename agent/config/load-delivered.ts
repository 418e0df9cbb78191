import { readFile, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { systemCode } from '../core/errors.ts'
import type { FlowPlan } from '../core/plan.ts'
import { faultAt } from './across.ts'
import { compile } from './compile.ts'
import {
  DELIVERED_AGENT_KEY,
  DELIVERED_BYTES_MAX,
  deliveredKey,
  flowOfKey,
  readDelivered,
} from './delivered.ts'
import type { DeliveredFlow } from './delivered.ts'
import { findHops } from './hops.ts'
import { checkManifest } from './manifests.ts'
import type { Manifest } from './manifests.ts'
import { fromValue } from './node.ts'
import type { Problem } from './problem.ts'
import { resolveInput } from './resolve.ts'
import { secretFileIn, secretKeysOf } from './secrets.ts'
import type { SecretKey } from './secrets.ts'

export interface DeliveryOptions {
  /** The agent that all flows of the directory are for. */
  readonly agent: string
  /** Where modules of custom interceptors lie; omitted: in `plugins` below the directory. */
  readonly pluginsDirectory?: string
  /** Where Secrets are files; omitted: in `secrets` below the directory. */
  readonly secretsDirectory?: string
}

/** What became of one delivered flow, each by itself. */
export interface LoadedFlow {
  readonly flow: string
  /** 0 and '' where the file does not say. */
  readonly generation: number
  readonly hash: string
  /** undefined where there are problems. */
  readonly plan: FlowPlan | undefined
  readonly problems: readonly Problem[]
  readonly missingSecrets: readonly SecretKey[]
}

/** Flows of a directory, above what fits into a ConfigMap: each takes at least 250 bytes of its 1 MiB. */
const FLOWS_MAX = 5000
/** A mounted directory is replaced as a whole; one that changes while it is read is read again. */
const READS_MAX = 5

/**
 * The flows of a directory, sorted by name; undefined where there is nothing that an operator delivered, as
 * when its ConfigMap was deleted: that says nothing of the flows. What cannot be read of a flow is a problem
 * of it; rejects when the directory cannot be read, or has more flows than an agent takes.
 */
export async function loadDelivered(
  directory: string,
  options: DeliveryOptions,
): Promise<readonly LoadedFlow[] | undefined> {
  const texts = await readTexts(directory)
  if (texts === undefined) return undefined
  const places = {
    pluginsDirectory: options.pluginsDirectory ?? join(directory, 'plugins'),
    secretsDirectory: secretsDirectoryOf(directory, options.secretsDirectory),
  }
  return Promise.all(
    [...texts].map(([flow, text]) => loadFlow(flow, text, { ...places, agent: options.agent })),
  )
}

/** Where Secrets are files for the flows of a directory. */
export function secretsDirectoryOf(directory: string, given: string | undefined): string {
  return given ?? join(directory, 'secrets')
}

type Text = { readonly text: string } | { readonly unreadable: string }
type Texts = ReadonlyMap<string, Text>

/** By flow, all of one moment. */
async function readTexts(directory: string): Promise<Texts | undefined> {
  for (let reads = 0; reads < READS_MAX; reads++) {
    const version = await versionOf(directory)
    if (version === undefined) return undefined
    const texts = await readVersion(version)
    // A file that is missing in a version that was just taken away is no flow that is gone.
    if ((await versionOf(directory)) === version) return texts
  }
  throw new Error('it changes all the time')
}

/** The directory that a mounted one points to at the moment: itself, or its `..data`. */
async function versionOf(directory: string): Promise<string | undefined> {
  for (const path of [join(directory, '..data'), directory]) {
    try {
      return await realpath(path)
    } catch (error) {
      if (systemCode(error) !== 'ENOENT') throw error
    }
  }
  return undefined
}

async function readVersion(directory: string): Promise<Texts | undefined> {
  const keys = await keysOf(directory)
  // One that is left out would be taken for one that is gone, and be stopped.
  if (keys.length > FLOWS_MAX + 1)
    throw new Error(`it has ${keys.length} files, the most is ${FLOWS_MAX} flows`)
  const texts = new Map<string, Text>()
  for (const key of keys) {
    const flow = flowOfKey(key)
    const text = flow === undefined ? undefined : await readText(join(directory, key))
    if (text !== undefined) texts.set(flow!, text)
  }
  return keys.length === 0 ? undefined : texts
}

/** What an operator delivers; whatever else lies there, such as Secrets, is not looked at. */
async function keysOf(directory: string): Promise<string[]> {
  const isKey = (key: string): boolean =>
    key === DELIVERED_AGENT_KEY || flowOfKey(key) !== undefined
  try {
    return (await readdir(directory)).filter(isKey).sort()
  } catch (error) {
    // It was replaced by another version, which is looked at next.
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** undefined: the file is not there. */
async function readText(path: string): Promise<Text | undefined> {
  try {
    const { size } = await stat(path)
    if (size <= DELIVERED_BYTES_MAX) return { text: await readFile(path, 'utf8') }
    return { unreadable: `it has ${size} bytes, the most is ${DELIVERED_BYTES_MAX}` }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    return { unreadable: error instanceof Error ? error.message : String(error) }
  }
}

type Places = Required<DeliveryOptions>

async function loadFlow(name: string, text: Text, places: Places): Promise<LoadedFlow> {
  const file = deliveredKey(name)
  const refused = (code: Problem['code'], message: string): LoadedFlow => ({
    flow: name,
    generation: 0,
    hash: '',
    plan: undefined,
    problems: [{ code, file, line: 0, path: '', message }],
    missingSecrets: [],
  })
  if ('unreadable' in text) return refused('FLM1101', `cannot read: ${text.unreadable}`)
  const read = readDelivered(text.text)
  if ('problem' in read) return refused(read.problem.code, read.problem.message)
  if (read.flow.flow !== name)
    return refused('FLM1501', `it is of the flow ${read.flow.flow} and stands in the wrong file`)
  const { generation, hash } = read.flow
  return { flow: name, generation, hash, ...(await plan(file, read.flow, places)) }
}

async function plan(file: string, delivered: DeliveredFlow, places: Places) {
  const { agent, pluginsDirectory, secretsDirectory } = places
  const root = fromValue(delivered.manifest)
  // Whatever it says of its agent: it was delivered to this one.
  const read = { ...checkManifest(file, root, 'FlumeFlow'), agent }
  const input = { manifests: [read], problems: [], notes: [], names: [file] }
  const { manifests } = await resolveInput(input, pluginsDirectory, agent)
  const secretFile = secretFileIn(secretsDirectory)
  const compiled = compile(manifests, {
    agent,
    resolve: (_, __, sink) => hopOf(delivered, sink) ?? [],
    secretFile,
  })
  const [manifest] = manifests
  const faults = withoutHop(manifests, delivered, agent)
  const missing = await missingSecrets(manifest!, secretFile)
  const problems = [...compiled.problems, ...faults, ...missing.map(({ problem }) => problem)]
  return {
    plan: problems.length === 0 ? compiled.plan?.flows[0] : undefined,
    problems,
    missingSecrets: missing.map(({ secret, key }) => ({ secret, key })),
  }
}

function hopOf({ hops }: DeliveredFlow, sink: string | undefined) {
  return sink !== undefined && Object.hasOwn(hops, sink) ? hops[sink] : undefined
}

function withoutHop(
  manifests: readonly Manifest[],
  delivered: DeliveredFlow,
  agent: string,
): Problem[] {
  return findHops(manifests, agent).hops.flatMap(({ flow, sink, agent: target }) => {
    if (sink.name === undefined || hopOf(delivered, sink.name) !== undefined) return []
    const message = `where the agent ${JSON.stringify(target)} takes events was not delivered with the flow: there is no FlumeAgent of this name in the namespace, or it has no source for them`
    const path = [...sink.path, sink.types[0]!, 'name']
    return [faultAt(flow, 'FLM1308', path, message).problem]
  })
}

async function missingSecrets(
  manifest: Manifest,
  secretFile: ReturnType<typeof secretFileIn>,
): Promise<(SecretKey & { readonly problem: Problem })[]> {
  const { flow } = manifest
  if (flow === undefined) return []
  const missing: (SecretKey & { readonly problem: Problem })[] = []
  for (const { secret, key, path } of secretKeysOf(flow)) {
    if (await isFile(secretFile(secret, key))) continue
    const message = `the Secret ${JSON.stringify(secret)} has no key ${key}, or is not there. The flow waits for it`
    missing.push({ secret, key, problem: faultAt(manifest, 'FLM1503', path, message).problem })
  }
  return missing
}

/** One that is there and cannot be read is not missing: the component that reads it says why. */
async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    return systemCode(error) !== 'ENOENT' && systemCode(error) !== 'ENOTDIR'
  }
}
