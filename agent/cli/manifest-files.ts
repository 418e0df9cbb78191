import { loadConfiguration } from '../config/load.ts'
import type { Bindings } from '../config/load.ts'
import type { Problem } from '../config/problem.ts'
import { STDIN_NAME } from '../config/read.ts'
import { cure } from '../config/suggest.ts'
import type { Configuration, ConfigurationSource } from './configuration.ts'
import { POLL_MS, signatureOf } from './watch.ts'

export interface ManifestFilesOptions extends Bindings {
  /** Manifests: files, directories, or `-` for the standard input. */
  readonly files: readonly string[]
  /** Which agent of the input to run; needed when it defines several. */
  readonly agent?: string
  /** Whether a changed module in the directory of plugins is a reason to reload. */
  readonly watchesPlugins?: boolean
}

/** The configuration of an agent in manifests: it applies as a whole or not at all. */
export class ManifestFiles implements ConfigurationSource {
  readonly pollMs = POLL_MS
  readonly isAtomic = false
  readonly #options: ManifestFilesOptions
  /** The agent that runs, once one does. */
  #running: string | undefined

  constructor(options: ManifestFilesOptions) {
    this.#options = options
  }

  async load(): Promise<Configuration> {
    const { files } = this.#options
    if (this.#running !== undefined && files.includes('-')) return refusal([STDIN_PROBLEM])
    // The name is held: another agent's plan would run on this one's data directory.
    const choice = this.#running === undefined ? {} : { agent: this.#running }
    const loaded = await loadConfiguration(files, { ...this.#options, ...choice })
    const { plan, problems, notes } = loaded
    if (plan === undefined) return refusal(problems, notes)
    const unknown = this.#running === undefined ? this.#unknownPorts(loaded.listeners) : []
    if (unknown.length > 0) return refusal(unknown, notes)
    this.#running = plan.name
    return { plan, problems: [], notes }
  }

  signature(): Promise<string> {
    const { files, pluginsDirectory, watchesPlugins } = this.#options
    const watches = watchesPlugins === true && pluginsDirectory !== undefined
    return signatureOf(watches ? [...files, pluginsDirectory] : files)
  }

  #unknownPorts(listeners: readonly string[]): Problem[] {
    return [...(this.#options.ports ?? new Map<string, number>()).keys()]
      .filter((key) => !listeners.includes(key))
      .map((key) => {
        const message = `the agent has no source ${key} that listens.${cure(key, listeners, 'sources that listen')}`
        return { code: 'FLM1301', file: '', line: 0, path: '--port', message }
      })
  }
}

const STDIN_PROBLEM: Problem = {
  code: 'FLM1101',
  file: STDIN_NAME,
  line: 0,
  path: '',
  message:
    'the configuration came from the standard input (-f -), which cannot be read again. Start the agent with -f FILE to reload',
}

function refusal(problems: readonly Problem[], notes: readonly string[] = []): Configuration {
  return { plan: undefined, problems, notes }
}
