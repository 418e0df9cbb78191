import { pathToFileURL } from 'node:url'
import type { Logger } from '../../core/logger.ts'
import { contentHash } from './location.ts'
import type { PluginLocation } from './location.ts'
import { pluginError, thrownText } from './plugin-error.ts'

/** An event as plugins see it. */
export interface PluginEvent {
  headers: Record<string, string>
  body: Buffer
}

/** What `create` gives back. What it returns is looked at before it is believed. */
export type PluginFunction = (event: PluginEvent) => unknown

/** What a plugin is given beside its configuration. */
export interface PluginContext {
  readonly flow: string
  readonly source: string
  readonly log: Pick<Logger, 'debug' | 'info' | 'warn' | 'error'>
}

/** The part of Standard Schema that is used: zod, valibot, arktype and others have it. */
export interface StandardSchema {
  readonly '~standard': { validate(value: unknown): unknown }
}

export interface PluginModule {
  readonly schema: StandardSchema
  readonly create: (config: unknown, context: PluginContext) => unknown
  readonly deterministic: boolean
}

/** How long a module may take to load, to check its configuration, and to be created. */
export const PLUGIN_WAIT_MS = 10_000

/** Modules that are kept at hand. Forgotten ones are imported again, and are the same ones then. */
const MODULES_MAX = 256

const modules = new Map<string, Promise<PluginModule>>()
/** Failures so far: a failed import is remembered by its URL, though its cause may be gone. */
let failures = 0

/**
 * The module with that content, imported once. A changed file is another module: Node keeps both until
 * the process ends. Rejects with FLM1401.
 */
export function loadPlugin(
  { file, sha256 }: PluginLocation,
  { module, directory }: { readonly module: string; readonly directory: string },
): Promise<PluginModule> {
  const key = `${sha256} ${file}`
  const known = modules.get(key)
  if (known !== undefined) return known
  const loading = importModule(file, sha256).then(
    (namespace) => checked(namespace, (why) => pluginError(module, directory, why)),
    (thrown: unknown) => {
      throw pluginError(module, directory, importProblem(thrown, file))
    },
  )
  modules.set(key, loading)
  loading.catch(() => {
    failures++
    modules.delete(key)
  })
  for (const [oldest] of modules) {
    if (modules.size <= MODULES_MAX) break
    modules.delete(oldest)
  }
  return loading
}

async function importModule(file: string, sha256: string): Promise<Record<string, unknown>> {
  const url = pathToFileURL(file)
  url.search = failures === 0 ? `sha256=${sha256}` : `sha256=${sha256}&attempt=${failures}`
  const imported = import(url.href) as Promise<Record<string, unknown>>
  const namespace = await within(imported, 'to load')
  if ((await contentHash(file)) !== sha256)
    throw new Error('it changed while it was loaded; load it again')
  return namespace
}

/** The result, or an error when it takes too long. What runs in a loop is not interrupted by this. */
export async function within<Result>(
  work: Promise<Result> | Result,
  what: string,
): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => {
    late.reject(new Error(`it took longer than ${PLUGIN_WAIT_MS} ms ${what}`))
  }, PLUGIN_WAIT_MS)
  try {
    return await Promise.race([work, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function importProblem(thrown: unknown, file: string): string {
  const text = thrownText(thrown)
  if (thrown instanceof SyntaxError)
    return `it has a syntax error: ${text}. See where with: node --check ${file}`
  const line = lineIn(thrown, file)
  return `it fails while it is loaded${line === undefined ? '' : `, on line ${line}`}: ${text}. Mend the module`
}

/** The line of the module in the stack of an error. */
export function lineIn(thrown: unknown, file: string): string | undefined {
  const stack = thrown instanceof Error ? String(thrown.stack) : ''
  const at = stack.split('\n').find((line) => line.includes(pathToFileURL(file).href))
  return at === undefined ? undefined : /:([0-9]+):[0-9]+\)?$/.exec(at)?.[1]
}

function checked(
  namespace: Record<string, unknown>,
  problem: (why: string) => Error,
): PluginModule {
  if ('module.exports' in namespace)
    throw problem(
      'it is a CommonJS module, whose changes could not be loaded. Write "export const schema" and "export function create"',
    )
  const { schema, create, deterministic = false } = namespace
  if (!isSchema(schema))
    throw problem(
      'it does not export "schema", a Standard Schema such as one of zod, that checks its configuration',
    )
  if (typeof create !== 'function')
    throw problem('it does not export "create", a function of configuration and context')
  if (typeof deterministic !== 'boolean')
    throw problem('its export "deterministic" is neither true nor false')
  return { schema, create: create as PluginModule['create'], deterministic }
}

function isSchema(value: unknown): value is StandardSchema {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return false
  const standard: unknown = (value as Partial<StandardSchema>)['~standard']
  const validate: unknown = (standard as { validate?: unknown } | undefined)?.validate
  return typeof validate === 'function'
}
