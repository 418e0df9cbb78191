/** The tiers of the test suite: which commands make up each, in the order in which they run. */

export interface Step {
  readonly name: string
  /** Program of node_modules/.bin, or `node`, and its arguments. */
  readonly command: readonly string[]
  /** The step is ended, and has failed, when it takes longer. */
  readonly minutesMax: number
}

export interface Tier {
  readonly name: string
  readonly steps: readonly Step[]
  /** Left out of a plain `npm test`; in CI nothing is. */
  readonly onlyInCi: boolean
}

export const TIERS: readonly Tier[] = [
  {
    name: 'check',
    onlyInCi: false,
    steps: [
      { name: 'types', command: ['tsc', '-p', '.'], minutesMax: 2 },
      { name: 'lint', command: ['oxlint'], minutesMax: 2 },
      { name: 'format', command: ['prettier', '--check', '.'], minutesMax: 2 },
      { name: 'unused', command: ['knip', '--no-progress'], minutesMax: 2 },
      { name: 'generated', command: ['node', 'hack/generate.ts', '--check'], minutesMax: 2 },
      vitest('unit', 10),
    ],
  },
  { name: 'conformance', onlyInCi: false, steps: [vitest('conformance', 5)] },
  { name: 'fault', onlyInCi: false, steps: [vitest('fault', 25)] },
  { name: 'crash', onlyInCi: false, steps: [vitest('crash', 20)] },
  { name: 'interop', onlyInCi: false, steps: [vitest('interop', 20)] },
  { name: 'apiserver', onlyInCi: true, steps: [vitest('apiserver', 30)] },
  { name: 'cluster', onlyInCi: true, steps: [vitest('cluster', 30)] },
  { name: 'mutants', onlyInCi: true, steps: [vitest('mutants', 15)] },
]

/** A vitest project of vitest.config.ts as a step. */
function vitest(project: string, minutesMax: number): Step {
  return { name: project, command: ['vitest', 'run', '--project', project], minutesMax }
}
