import { FlumeError } from '../../core/errors.ts'
import { shortReason } from '../../core/dead-letter.ts'

/** Why a plugin cannot be used. `module` is its name in the configuration, `why` says cause and cure. */
export function pluginError(module: string, directory: string, why: string): FlumeError {
  return new FlumeError('FLM1401', `the plugin ${module} in ${directory} cannot be used: ${why}`, {
    retryable: false,
    facts: { module, directory },
  })
}

/** What was thrown, in a few words; plugins throw anything. */
export function thrownText(thrown: unknown): string {
  try {
    if (!(thrown instanceof Error)) return shortReason(String(thrown)) || 'it threw an empty text'
    // A subclass may have made anything of them.
    const { message, name }: { readonly message: unknown; readonly name: unknown } = thrown
    return shortReason(String(message)) || shortReason(String(name)) || 'it threw'
  } catch {
    return 'it threw what cannot be shown'
  }
}
