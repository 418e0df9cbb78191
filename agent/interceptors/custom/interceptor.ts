import { dirname } from 'node:path'
import { FlumeError } from '../../core/errors.ts'
import type { Interceptor, InterceptorContext } from '../../core/interceptor.ts'
import type { CustomInterceptorConfig, ResolvedCustomConfig } from './config.ts'
import { interceptWith } from './events.ts'
import { makePlugin } from './plugin.ts'

/** The interceptor of a plugin: its module was found and tried when the configuration was read. */
export async function createInterceptor(
  config: CustomInterceptorConfig | ResolvedCustomConfig,
  { name, flow, log }: InterceptorContext,
): Promise<Interceptor> {
  if (!('sha256' in config)) throw unresolved(config.module)
  const [source = ''] = name.split('/')
  const { intercept } = await makePlugin(config, config, {
    directory: dirname(config.file),
    context: { flow, source, log },
  })
  return (batch) => interceptWith(batch, intercept)
}

function unresolved(module: string): FlumeError {
  const message = `the plan names the plugin ${module} without its file; please report this`
  return new FlumeError('FLM9001', message, { retryable: false })
}
