import { checkFlow } from './check-flow.ts'
import { draftFlow } from './draft.ts'
import type { FlowDraft } from './draft.ts'
import { explainProblems } from './explain.ts'
import type { Finding } from './explain.ts'
import { nodeAt } from './node.ts'
import type { YamlNode } from './node.ts'
import { formatPath, printable } from './problem.ts'
import type { Problem } from './problem.ts'
import type { TextFile } from './read.ts'
import { API_GROUP, API_VERSION, KIND_SCHEMAS } from './schema.ts'
import type { ManifestKind } from './schema.ts'
import { nearest } from './suggest.ts'
import { parseYaml } from './yaml.ts'

/** One of our documents, as far as it could be understood. */
export interface Manifest {
  readonly kind: ManifestKind
  readonly file: string
  readonly root: YamlNode
  readonly name: string | undefined
  /** The agent it belongs to; undefined where that cannot be read. */
  readonly agent: string | undefined
  /** Of a FlumeFlow. */
  readonly flow: FlowDraft | undefined
  /** What is wrong with it by itself. */
  readonly problems: readonly Problem[]
}

export interface ReadManifests {
  readonly manifests: readonly Manifest[]
  /** Those that belong to no manifest, by line. */
  readonly problems: readonly Problem[]
  /** What was skipped. */
  readonly notes: readonly string[]
}

/** Reads the documents of one file and checks each by itself. */
export function readManifests({ name: file, text }: TextFile): ReadManifests {
  const manifests: Manifest[] = []
  const problems: Problem[] = []
  const notes: string[] = []
  const parsed = parseYaml(text)
  for (const { line, message } of parsed.problems)
    problems.push({ code: 'FLM1102', file, line, path: '', message: printable(message) })
  // What YAML itself complains of has a stand-in value: no second message about that.
  const reported = new Set(parsed.problems.map((problem) => problem.line))
  for (const root of parsed.documents) {
    if (root.kind === 'scalar' && root.value === null) continue
    const found = identify(root)
    if ('skipped' in found) notes.push(printable(`${file}:${root.line}: ${found.skipped}: skipped`))
    else if ('findings' in found) problems.push(...inFile(file, found.findings))
    else {
      const manifest = checkManifest(file, root, found.kind)
      const own = manifest.problems.filter((each) => !reported.has(each.line))
      manifests.push({ ...manifest, problems: own })
    }
  }
  return { manifests, problems: problems.sort((a, b) => a.line - b.line), notes }
}

/** Checks one document by itself, of which the kind is known. */
export function checkManifest(file: string, root: YamlNode, kind: ManifestKind): Manifest {
  const findings = explainProblems(KIND_SCHEMAS[kind], root)
  const flow = kind === 'FlumeFlow' ? draftFlow(root) : undefined
  if (flow !== undefined) findings.push(...checkFlow(flow))
  const nameNode = nodeAt(root, ['metadata', 'name'])
  const name =
    nameNode?.kind === 'scalar' && typeof nameNode.value === 'string' ? nameNode.value : undefined
  const problems = inFile(file, findings).sort((a, b) => a.line - b.line)
  return { kind, file, root, name, agent: agentOf(root, name, flow), flow, problems }
}

/** A flow that names no agent runs in one of its own. */
function agentOf(root: YamlNode, name: string | undefined, flow: FlowDraft | undefined) {
  const refers = flow !== undefined && nodeAt(root, ['spec', 'agentRef']) !== undefined
  return refers ? flow.agent : name
}

export function inFile(file: string, findings: readonly Finding[]): Problem[] {
  return findings.map(({ code, line, path, message }) => ({
    code,
    file,
    line,
    path: printable(formatPath(path)),
    message: printable(message),
  }))
}

type Identified =
  | { readonly kind: ManifestKind }
  | { readonly skipped: string }
  | { readonly findings: readonly Finding[] }

const KINDS = Object.keys(KIND_SCHEMAS) as ManifestKind[]

/** Ours, another's, or meant to be ours: a misspelt kind must not be skipped in silence. */
function identify(root: YamlNode): Identified {
  const refuse = (path: string[], line: number, message: string): Identified => ({
    findings: [{ code: 'FLM1103', path, line, message }],
  })
  if (root.kind !== 'mapping') {
    const what = root.kind === 'sequence' ? 'a list' : JSON.stringify(root.value).slice(0, 60)
    return refuse([], root.line, `expected a manifest with apiVersion and kind, got ${what}`)
  }
  const texts: Record<string, string> = {}
  for (const key of ['apiVersion', 'kind']) {
    const entry = root.entries.get(key)
    if (entry?.value.kind !== 'scalar' || typeof entry.value.value !== 'string') {
      const message = `a manifest needs ${key}, a text. Ours have apiVersion: ${API_VERSION} and kind: ${KINDS.join(' or ')}`
      return refuse([key], entry?.line ?? root.line, message)
    }
    texts[key] = entry.value.value
  }
  const apiVersion = texts['apiVersion']!
  const kind = texts['kind']!
  const group = apiVersion.includes('/') ? apiVersion.slice(0, apiVersion.indexOf('/')) : ''
  const meant = nearest(kind, KINDS)
  if (group !== API_GROUP && meant === undefined && nearest(group, [API_GROUP]) === undefined)
    return { skipped: `kind ${kind.slice(0, 60)} of ${apiVersion.slice(0, 60)} is not ours` }
  if (!Object.hasOwn(KIND_SCHEMAS, kind)) {
    const cure =
      meant === undefined ? `Ours are ${KINDS.join(' and ')}` : `Did you mean "${meant}"?`
    const message = `unknown kind ${JSON.stringify(kind)}. ${cure}`
    return refuse(['kind'], root.entries.get('kind')!.line, message)
  }
  if (apiVersion !== API_VERSION) {
    const message = `unknown apiVersion ${JSON.stringify(apiVersion)}. This release knows ${API_VERSION}`
    return refuse(['apiVersion'], root.entries.get('apiVersion')!.line, message)
  }
  return { kind: kind as ManifestKind }
}
