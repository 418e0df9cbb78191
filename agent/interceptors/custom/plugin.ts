import { FlumeError } from '../../core/errors.ts'
import { shortReason } from '../../core/dead-letter.ts'
import type { CustomInterceptorConfig } from './config.ts'
import type { PluginLocation } from './location.ts'
import { lineIn, loadPlugin, within } from './module.ts'
import type { PluginContext, PluginFunction, PluginModule } from './module.ts'
import { pluginError, thrownText } from './plugin-error.ts'

/** What a schema complains of. */
export interface ConfigIssue {
  /** From the plugin's configuration to the value. */
  readonly path: readonly (string | number)[]
  readonly message: string
}

/** Of one configuration; a schema may complain of every entry of a long list. */
const ISSUES_MAX = 20

export interface LoadedPlugin {
  readonly module: PluginModule
  readonly intercept: PluginFunction
}

/** A plugin that refuses its configuration: FLM1402. */
export class ConfigRefused extends FlumeError {
  readonly issues: readonly ConfigIssue[]

  constructor(module: string, issues: readonly ConfigIssue[]) {
    const first = issues[0]!
    const path = ['config', ...first.path].join('.')
    const message = `the plugin ${module} refuses ${path}: ${first.message}`
    super('FLM1402', message, { retryable: false, facts: { module } })
    this.issues = issues
  }
}

/** Loads a plugin, checks its configuration and makes its function. Rejects with FLM1401 or FLM1402. */
export async function makePlugin(
  config: CustomInterceptorConfig,
  location: PluginLocation,
  { directory, context }: { readonly directory: string; readonly context: PluginContext },
): Promise<LoadedPlugin> {
  const { module: name } = config
  const fail = (why: string): FlumeError => pluginError(name, directory, why)
  const module = await loadPlugin(location, { module: name, directory })
  const value = await parse(module, config, fail)
  let made: unknown
  try {
    made = await within(module.create(value, context), 'to be created')
  } catch (thrown) {
    const line = lineIn(thrown, location.file)
    const where = line === undefined ? '' : ` on line ${line}`
    throw fail(`its "create" fails${where}: ${thrownText(thrown)}. Mend it, or what it depends on`)
  }
  if (typeof made !== 'function')
    throw fail(`its "create" returns no function of an event, but ${kindOf(made)}`)
  if (made.constructor.name === 'AsyncFunction')
    throw fail(
      'the function that its "create" returns is async. Events do not wait: leave out "async", and prepare in "create" what takes time',
    )
  return { module, intercept: made as PluginFunction }
}

async function parse(
  { schema }: PluginModule,
  { module, config }: CustomInterceptorConfig,
  fail: (why: string) => FlumeError,
): Promise<unknown> {
  let result: unknown
  try {
    result = await within(schema['~standard'].validate(config), 'to check its configuration')
  } catch (thrown) {
    throw fail(`its "schema" fails: ${thrownText(thrown)}`)
  }
  if (typeof result !== 'object' || result === null)
    throw fail(`its "schema" is no Standard Schema: "validate" returns ${kindOf(result)}`)
  const { issues, value } = result as { readonly issues?: unknown; readonly value?: unknown }
  if (issues === undefined) return value
  const found = Array.isArray(issues) ? issues.slice(0, ISSUES_MAX).map(issueOf) : []
  throw new ConfigRefused(
    module,
    found.length > 0 ? found : [{ path: [], message: 'it is not valid' }],
  )
}

/** Segments of a path are keys, or objects with one. */
function issueOf(issue: unknown): ConfigIssue {
  const { message, path } = issue as { readonly message?: unknown; readonly path?: unknown }
  const segments: readonly unknown[] = Array.isArray(path) ? path : []
  return {
    message: shortReason(String(message)),
    path: segments.map((segment) => {
      const key: unknown =
        typeof segment === 'object' && segment !== null
          ? (segment as { key: unknown }).key
          : segment
      return typeof key === 'number' ? key : String(key)
    }),
  }
}

/** What a value is, in a message. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null'
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Promise) return 'a promise'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
