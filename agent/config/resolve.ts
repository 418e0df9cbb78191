import { dirname, join, resolve } from 'node:path'
import { statSync } from 'node:fs'
import type { ResolveContext } from '../core/component.ts'
import { INTERCEPTORS } from './entries.ts'
import type { FlowDraft, SourceDraft, UnionDraft } from './draft.ts'
import type { Finding } from './explain.ts'
import type { Input } from './input.ts'
import { inFile } from './manifests.ts'
import type { Manifest } from './manifests.ts'
import { lineOf } from './node.ts'

/** The directory of plugins where none is named: beside the first manifest, or in the directory of them. */
const PLUGINS = 'plugins'

/** Where the modules of custom interceptors lie: `given`, or `plugins` beside what the first path names. */
export function pluginsDirectoryOf(paths: readonly string[], given: string | undefined): string {
  if (given !== undefined) return resolve(given)
  const [first = '-'] = paths
  if (first === '-') return resolve(PLUGINS)
  const isDirectory = statSync(first, { throwIfNoEntry: false })?.isDirectory() === true
  return resolve(join(isDirectory ? first : dirname(first), PLUGINS))
}

/**
 * Brings in what components name outside of the manifests, such as modules, and finds what is wrong
 * with it. Only in the manifests of `agent`, if one is given: what others name may not be on this machine.
 */
export async function resolveInput(
  input: Input,
  pluginsDirectory: string,
  agent?: string,
): Promise<Input> {
  const manifests = await Promise.all(
    input.manifests.map(async (manifest) =>
      agent === undefined || manifest.agent === agent
        ? resolveManifest(manifest, pluginsDirectory)
        : manifest,
    ),
  )
  return { ...input, manifests }
}

async function resolveManifest(manifest: Manifest, pluginsDirectory: string): Promise<Manifest> {
  const { flow, file, problems } = manifest
  if (flow === undefined) return manifest
  const findings: Finding[] = []
  const sources: SourceDraft[] = []
  for (const source of flow.sources) {
    const interceptors: UnionDraft[] = []
    const at = { pluginsDirectory, flow: flow.name ?? '', source: source.name ?? '' }
    for (const draft of source.interceptors)
      interceptors.push(await resolveInterceptor(flow, draft, { at, findings }))
    sources.push({ ...source, interceptors })
  }
  const all = [...problems, ...inFile(file, findings)].sort((a, b) => a.line - b.line)
  return { ...manifest, flow: { ...flow, sources }, problems: all }
}

async function resolveInterceptor(
  { root }: FlowDraft,
  draft: UnionDraft,
  { at, findings }: { readonly at: ResolveContext; readonly findings: Finding[] },
): Promise<UnionDraft> {
  const type = draft.types[0]
  if (draft.config === undefined || type === undefined) return draft
  const resolved = await INTERCEPTORS[type]!.resolve?.(draft.config, at)
  if (resolved === undefined) return draft
  if ('config' in resolved) return { ...draft, config: resolved.config }
  for (const { code, path: inner, message } of resolved.problems) {
    const path = [...draft.path, type, ...inner]
    findings.push({ code, path, line: lineOf(root, path), message })
  }
  return draft
}
