import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { clusterParts } from './cluster/binaries.ts'
import { shellLines } from './cluster/environment.ts'
import { kindProvider } from './cluster/kind.ts'
import { attachLocal, localProvider } from './cluster/local.ts'
import type { Cluster, Provider } from './cluster/provider.ts'
import { readRecord } from './cluster/record.ts'
import { installCluster, missingClusterTools } from './setup/cluster.ts'
import { setupFolder } from './setup.ts'

/**
 * A Kubernetes cluster for development and tests, on this machine.
 *
 *   npm run cluster:up [-- --nodes N]     makes it, or repairs it; builds its programs the first time
 *   npm run cluster:down                  removes it, and says what it removed
 *   npm run cluster:status
 *   npm run cluster -- COMMAND            see below
 *
 * Everything of a cluster is in its state directory. Another directory is another cluster, beside the
 * first.
 */
const USAGE = `Usage: npm run cluster -- COMMAND [--state DIR]
  up [--nodes N] [--provider local|kind]   make the cluster, or repair what is missing of it
  down                                     remove it
  status                                   what runs
  env                                      lines for a shell: kubectl and helm for this cluster
  import FILE                              load the images of an archive into all nodes
  power-off NODE, power-on NODE            loss of power, and its return
  cut NODE, mend NODE                      take a node off the network, and join it again
  crash NAMESPACE POD CONTAINER            SIGKILL to a container
  exec NODE -- PROGRAM [ARGUMENT…]         run a program inside of a node (provider local)
  kubelet-kill NODE, kubelet-start NODE    lose only the kubelet (provider local)
--state is .cluster at the root of the checkout, unless you say otherwise.
The provider kind is untested: it has never run.`

const PROVIDERS: Readonly<Record<string, Provider>> = { local: localProvider, kind: kindProvider }
const ROOT = join(import.meta.dirname, '..')

interface Call {
  readonly directory: string
  readonly words: readonly string[]
  readonly nodes: number | undefined
  readonly provider: string
}

type Act = (cluster: Cluster, words: readonly string[], directory: string) => Promise<string | void>

/** Command → what it takes, and what it does with a cluster that is there. */
const ACTS: Readonly<Record<string, { readonly words: number; readonly act: Act }>> = {
  status: { words: 0, act: async (cluster) => cluster.status() },
  env: { words: 0, act: async (cluster) => shellLines(cluster) },
  import: { words: 1, act: async (cluster, [file]) => cluster.importImages(resolve(file!)) },
  'power-off': { words: 1, act: async (cluster, [node]) => cluster.powerOff(node!) },
  'power-on': { words: 1, act: async (cluster, [node]) => cluster.powerOn(node!) },
  cut: { words: 1, act: async (cluster, [node]) => cluster.cut(node!) },
  mend: { words: 1, act: async (cluster, [node]) => cluster.mend(node!) },
  crash: {
    words: 3,
    act: async (cluster, [namespace, pod, container]) =>
      cluster.crash({ namespace: namespace!, pod: pod!, container: container! }),
  },
  exec: {
    words: Infinity,
    act: async (_, [node, ...words], directory) =>
      attachLocal(directory)
        .node(node ?? '')
        .inside(words),
  },
  'kubelet-kill': {
    words: 1,
    act: async (_, [node], directory) => attachLocal(directory).node(node!).killKubelet(),
  },
  'kubelet-start': {
    words: 1,
    act: async (_, [node], directory) => attachLocal(directory).node(node!).startKubelet(),
  },
}

async function main(args: readonly string[]): Promise<number> {
  const call = parse(args)
  const [name = '', ...words] = call?.words ?? []
  const known = name === 'up' || name === 'down' || Object.hasOwn(ACTS, name)
  if (call === undefined || !known || !PROVIDERS[call.provider]) {
    console.error(USAGE)
    return 2
  }
  const provider = PROVIDERS[call.provider]!
  if (name === 'up') return up(provider, call)
  if (name === 'down') return down(provider, call.directory)
  const { words: count, act } = ACTS[name]!
  if (words.length !== count && count !== Infinity) {
    console.error(USAGE)
    return 2
  }
  const said = await act(await provider.attach(call.directory), words, call.directory)
  if (said) console.log(said.trimEnd())
  return 0
}

function parse(args: readonly string[]): Call | undefined {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        state: { type: 'string', default: join(ROOT, '.cluster') },
        nodes: { type: 'string' },
        provider: { type: 'string' },
      },
    })
    const directory = resolve(values.state)
    const provider = values.provider ?? readRecord(directory)?.provider ?? 'local'
    const nodes = values.nodes === undefined ? undefined : Number(values.nodes)
    return { directory, words: positionals, nodes, provider }
  } catch {
    return undefined
  }
}

async function up(provider: Provider, { directory, nodes }: Call): Promise<number> {
  if (provider === kindProvider) console.log('The provider kind is untested: it has never run.')
  if (provider === localProvider && (!clusterParts() || missingClusterTools().length > 0)) {
    await installCluster(join(setupFolder(process.env), 'cluster'))
  }
  const started = performance.now()
  const say = (step: string): void => {
    console.log(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${step}`)
  }
  const cluster = await provider.up({ directory, nodes, say })
  console.log(`\n${shellLines(cluster)}`)
  return 0
}

async function down(provider: Provider, directory: string): Promise<number> {
  const removed = await provider.down(directory)
  for (const each of removed) console.log(`removed ${each}`)
  console.log(removed.length === 0 ? `There is no cluster in ${directory}.` : 'Nothing is left.')
  return 0
}

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}
