import type { ConfigProblem, ResolveContext } from '../../core/component.ts'
import { toFlumeError } from '../../core/errors.ts'
import type { CustomInterceptorConfig, ResolvedCustomConfig } from './config.ts'
import { locatePlugin } from './location.ts'
import { ConfigRefused, makePlugin } from './plugin.ts'

/**
 * Finds the module of a configuration, loads it and makes its function once, so that what is wrong is
 * known before anything runs. The content's hash becomes part of the configuration, and so of the plan.
 */
export async function resolveCustom(
  config: CustomInterceptorConfig,
  { pluginsDirectory: directory, flow, source }: ResolveContext,
): Promise<
  { readonly config: ResolvedCustomConfig } | { readonly problems: readonly ConfigProblem[] }
> {
  try {
    const location = await locatePlugin(config.module, directory)
    const { module } = await makePlugin(config, location, {
      directory,
      context: { flow, source, log: SILENT },
    })
    const { deterministic } = module
    return { config: { ...config, ...location, deterministic } }
  } catch (thrown) {
    if (thrown instanceof ConfigRefused) return { problems: refusals(thrown, config.module) }
    const { code, message } = toFlumeError(thrown)
    return { problems: [{ code, path: ['module'], message }] }
  }
}

function refusals({ issues }: ConfigRefused, module: string): ConfigProblem[] {
  return issues.map(({ path, message }) => ({
    code: 'FLM1402',
    path: ['config', ...path],
    message: `the plugin ${module} refuses this: ${message}`,
  }))
}

const silence = (): void => {}
const SILENT = { debug: silence, info: silence, warn: silence, error: silence }
