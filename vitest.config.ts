import { defineConfig } from 'vitest/config'

/**
 * One project per tier (see hack/test/tiers.ts). The tier is in the file's name:
 *
 *   x.test.ts               unit
 *   x.conformance.test.ts   conformance: one suite per contract over all implementations, vectors
 *   x.fault.test.ts         fault: disk faults and crash images, FAULT_RUNS seeds
 *   x.crash.test.ts         crash: real processes, SIGKILL, full disks
 *   x.mutant.test.ts        mutants: the oracles must fail on each
 *   x.interop.test.ts       interop: the real Flume
 */
const special = ['conformance', 'fault', 'crash', 'mutant', 'interop']
const folders = ['agent', 'hack', 'test', 'examples']

function project(name: string, kind: string, testTimeoutMs: number) {
  const include = folders.map((folder) => `${folder}/**/*${kind}.test.ts`)
  const exclude = kind === '' ? special.map((each) => `**/*.${each}.test.ts`) : []
  return {
    test: { name, include, exclude, testTimeout: testTimeoutMs, hookTimeout: testTimeoutMs },
  }
}

export default defineConfig({
  test: {
    pool: 'forks',
    passWithNoTests: false,
    maxConcurrency: 2,
    projects: [
      project('unit', '', 20_000),
      project('conformance', '.conformance', 60_000),
      project('fault', '.fault', 30 * 60_000),
      project('crash', '.crash', 15 * 60_000),
      project('mutants', '.mutant', 15 * 60_000),
      project('interop', '.interop', 15 * 60_000),
    ],
  },
})
