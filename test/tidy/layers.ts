import type { SourceFile } from './sources.ts'

/**
 * The import table: a layer imports itself and what is listed, nothing else. A layer is a folder
 * (or a single file) under agent/ or operator/.
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

const AGENT: Table = {
  layers: {
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
  },
  /** May import everything in agent/. */
  top: ['main', 'cli'],
  foreign: {},
}

/**
 * The operator reads the schemas and checks of the agent, never its data plane. Of the agent's shared
 * parts it may use errors and contracts (core), clock and random (lib).
 */
const OPERATOR: Table = {
  layers: {
    api: [],
    kube: [],
    build: ['api', 'kube'],
    status: ['api', 'kube'],
    observe: ['api', 'kube'],
    apply: ['api', 'kube'],
    controller: ['api', 'kube', 'build', 'status', 'observe', 'apply'],
  },
  top: ['main'],
  foreign: {
    api: ['config', 'core', 'lib'],
    kube: ['core', 'lib'],
    build: ['config', 'core', 'lib'],
    status: ['config', 'core', 'lib'],
    observe: ['core', 'lib'],
    apply: ['core', 'lib'],
    controller: ['config', 'core', 'lib', 'telemetry'],
    main: ['config', 'core', 'lib', 'telemetry'],
  },
}

const TABLES: Readonly<Record<string, Table>> = { agent: AGENT, operator: OPERATOR }

interface Table {
  /** Layer → the layers of the same program that it may import. */
  readonly layers: Readonly<Record<string, readonly string[]>>
  /** Layers that may import everything of the same program. */
  readonly top: readonly string[]
  /** Layer → the layers of agent/ that it may import from outside of it. */
  readonly foreign: Readonly<Record<string, readonly string[]>>
}

/** Imports of a file of agent/ or operator/ that the table does not allow, as sentences. */
export function layerViolations(file: SourceFile): string[] {
  const program = programOf(file.path)
  const layer = layerOf(file.path)
  const { layers, top, foreign } = TABLES[program]!
  const allowed = layers[layer]
  if (allowed === undefined && !top.includes(layer))
    return [`${file.path}: ${program}/${layer} is not in the import table`]
  return file.imports.flatMap((target) => {
    const wrong = `${file.path} imports ${target}`
    if (programOf(target) !== program) {
      const isShared = programOf(target) === 'agent' && foreign[layer]?.includes(layerOf(target))
      return isShared === true ? [] : [`${wrong}, outside of ${program}/`]
    }
    if (layerOf(target) === layer)
      return areSiblings(file.path, target) ? [`${file.path} imports its sibling ${target}`] : []
    const isAllowed = allowed === undefined || allowed.includes(layerOf(target))
    return isAllowed ? [] : [`${wrong}: ${layer} may not import ${layerOf(target)}`]
  })
}

function areSiblings(path: string, target: string): boolean {
  return COMPONENT_LAYERS.includes(layerOf(path)) && componentOf(path) !== componentOf(target)
}

/** `agent/main.ts` → `agent`. */
function programOf(path: string): string {
  return path.split('/')[0]!
}

/** `agent/sources/tail/source.ts` → `sources`; `agent/main.ts` → `main`. */
function layerOf(path: string): string {
  return path.split('/')[1]!.replace(/\.ts$/, '')
}

/** `agent/sources/tail/source.ts` → `tail`; `agent/encoders/text.ts` → `text`. */
function componentOf(path: string): string {
  return path.split('/')[2]!.replace(/\.ts$/, '')
}
