import { defineConfig } from 'vitest/config'

/**
 * One project per tier (see hack/test/tiers.ts). The tier is in the file's name:
 *
 *   conformance.test.ts, vectors.test.ts, catalog.test.ts
 *                      conformance: one suite per contract over all implementations, golden files
 *   x.fault.test.ts    fault: disk faults and crash images, FAULT_RUNS seeds
 *   x.crash.test.ts    crash: real processes, SIGKILL, full disks; CRASH_KILLS
 *   x.mutant.test.ts   mutants: the oracles must fail on each
 *   x.interop.test.ts  interop: the real Flume
 *   x.apiserver.test.ts  API server: a real kube-apiserver with etcd
 *   x.cluster.test.ts  cluster: real nodes, containers and volumes
 *   x.test.ts          unit: all others
 */
const tiers = {
  conformance: { files: ['conformance', 'vectors', 'catalog'], timeoutMs: 60_000 },
  fault: { files: ['*.fault'], timeoutMs: 30 * 60_000 },
  crash: { files: ['*.crash'], timeoutMs: 15 * 60_000 },
  mutants: { files: ['*.mutant'], timeoutMs: 15 * 60_000 },
  interop: { files: ['*.interop'], timeoutMs: 15 * 60_000 },
  apiserver: { files: ['*.apiserver'], timeoutMs: 20 * 60_000 },
  cluster: {
    files: ['*.cluster'],
    timeoutMs: 30 * 60_000,
    globalSetup: ['test/cluster/image-once.ts'],
  },
}
const UNIT_TIMEOUT_MS = 20_000

const folders = '{agent,operator,hack,test,examples}'

interface Tier {
  readonly files: readonly string[]
  readonly timeoutMs: number
  /** Once, before the first file of the tier. */
  readonly globalSetup?: string[]
}

function project(name: string, { files, timeoutMs, globalSetup = [] }: Tier) {
  const include = files.map((file) => `${folders}/**/${file}.test.ts`)
  const others = Object.values(tiers).flatMap((tier) => tier.files)
  const exclude = name === 'unit' ? others.map((file) => `**/${file}.test.ts`) : []
  // Plugins are imported by Node itself, as they are outside of tests.
  const server = { deps: { external: [/\/plugins?-\w+\//, /\/examples\/plugins\/plugins\//] } }
  return {
    test: {
      name,
      include,
      exclude,
      testTimeout: timeoutMs,
      hookTimeout: timeoutMs,
      globalSetup,
      server,
    },
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    // Tests that run at the same time within a file; each of them starts processes.
    maxConcurrency: 2,
    projects: [
      project('unit', { files: ['*'], timeoutMs: UNIT_TIMEOUT_MS }),
      ...Object.entries(tiers).map(([name, tier]) => project(name, tier)),
    ],
  },
})
