import { join } from 'node:path'
import { installCluster } from './setup/cluster.ts'
import { installFlume } from './setup/flume.ts'
import { SetupError } from './setup/tool.ts'

/**
 * Installs what benchmarks and interoperation tests run against, outside of the checkout.
 *
 *   npm run setup -- NAME…
 *
 * What is already there is left as it is. Exits with 1 when something could not be installed.
 */
const CACHE = 'flume-operator'

const PARTS: Readonly<
  Record<string, { what: string; install: (folder: string) => Promise<void> }>
> = {
  flume: {
    what: 'the real Apache Flume 1.11.0, for `npm run bench` and the interop tests; needs a JDK and Maven',
    install: installFlume,
  },
  cluster: {
    what: 'the programs of a Kubernetes cluster without a container engine, for `npm run cluster:up` and the API server and cluster tests; needs Go',
    install: installCluster,
  },
}

/** Folder that everything is installed below. */
export function setupFolder(env: NodeJS.ProcessEnv): string {
  const cache = env['XDG_CACHE_HOME'] || join(env['HOME'] ?? '.', '.cache')
  return join(cache, CACHE)
}

export function usage(unknown: readonly string[]): string {
  const lines = Object.entries(PARTS).map(([name, { what }]) => `  ${name.padEnd(8)}${what}`)
  const complaint = unknown.length === 0 ? [] : [`Nothing to set up under: ${unknown.join(', ')}.`]
  return [...complaint, 'Usage: npm run setup -- NAME…', ...lines].join('\n')
}

async function main(names: readonly string[]): Promise<number> {
  const unknown = names.filter((name) => !Object.hasOwn(PARTS, name))
  if (names.length === 0 || unknown.length > 0) {
    console.error(usage(unknown))
    return 2
  }
  for (const name of names) {
    try {
      await PARTS[name]!.install(join(setupFolder(process.env), name))
    } catch (error) {
      if (!(error instanceof SetupError)) throw error
      console.error(`setup ${name}: ${error.message}`)
      return 1
    }
  }
  return 0
}

if (import.meta.main) process.exitCode = await main(process.argv.slice(2))
