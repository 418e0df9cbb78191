import type { SourceFile } from './sources.ts'

/**
 * The import table: a layer imports itself and what is listed, nothing else. A layer is a folder
 * (or a single file) under agent/.
 */
const BASE = ['core', 'lib', 'telemetry']
const CODECS = ['rpc', 'decoders', 'encoders']

/** Layers whose folders are components: siblings never import each other. */
const COMPONENT_LAYERS = [
  'sources',
  'decoders',
  'interceptors',
  'selectors',
  'channels',
  'sink-groups',
  'encoders',
  'sinks',
]

const LAYERS: Readonly<Record<string, readonly string[]>> = {
  lib: [],
  core: ['lib'],
  telemetry: ['core', 'lib'],
  rpc: BASE,
  ...Object.fromEntries(COMPONENT_LAYERS.map((layer) => [layer, BASE])),
  sources: [...BASE, ...CODECS],
  sinks: [...BASE, ...CODECS],
  catalog: [...COMPONENT_LAYERS, 'core'],
  config: ['catalog', 'core', 'lib'],
  pipeline: BASE,
  admin: BASE,
  supervisor: ['config', 'core', 'lib'],
}

/** Layers that may import everything in agent/. */
const TOP_LAYERS = new Set(['main', 'cli'])

/** Imports of a file of agent/ that the table does not allow, as sentences. */
export function layerViolations(file: SourceFile): string[] {
  const layer = layerOf(file.path)
  const allowed = LAYERS[layer]
  if (allowed === undefined && !TOP_LAYERS.has(layer)) {
    return [`${file.path}: agent/${layer} is not in the import table`]
  }
  const violations: string[] = []
  for (const target of file.imports) {
    if (!target.startsWith('agent/')) {
      violations.push(`${file.path} imports ${target}, outside of agent/`)
    } else if (layerOf(target) === layer) {
      if (areSiblings(file.path, target))
        violations.push(`${file.path} imports its sibling ${target}`)
    } else if (allowed !== undefined && !allowed.includes(layerOf(target))) {
      violations.push(`${file.path} imports ${target}: ${layer} may not import ${layerOf(target)}`)
    }
  }
  return violations
}

function areSiblings(path: string, target: string): boolean {
  return COMPONENT_LAYERS.includes(layerOf(path)) && componentOf(path) !== componentOf(target)
}

/** `agent/sources/tail/source.ts` → `sources`; `agent/main.ts` → `main`. */
function layerOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '')
}

/** `agent/sources/tail/source.ts` → `tail`; `agent/encoders/text.ts` → `text`. */
function componentOf(path: string): string {
  return path.split('/')[2]!.replace(/\.ts$/, '')
}
