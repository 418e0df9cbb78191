import { stripTypeScriptTypes } from 'node:module'
import { describe, expect, test } from 'vitest'
import { importCycles } from './tidy/cycles.ts'
import { layerViolations } from './tidy/layers.ts'
import { parse, sourceFiles } from './tidy/sources.ts'

const files = sourceFiles()
const isTest = (path: string): boolean => path.endsWith('.test.ts') || path.startsWith('test/')
const product = files.filter(({ path }) => /^(?:agent|operator)\//.test(path) && !isTest(path))

const LINES_MAX = 400

describe('the files of the project', () => {
  test('each layer imports only what the import table lists, and no sibling', () => {
    expect(product.flatMap(layerViolations)).toEqual([])
  })

  // The one that loads plugins: what it imports is no file of ours.
  test('no import of agent or operator hides its target', () => {
    const own = product.filter(({ path }) => path !== 'agent/interceptors/custom/module.ts')
    expect(
      own.flatMap((file) => file.opaqueImports.map((text) => `${file.path}: ${text}`)),
    ).toEqual([])
  })

  test('no import cycles, types included', () => {
    expect(importCycles(files).map((cycle) => cycle.join(' → '))).toEqual([])
  })

  test(`no file but tests is longer than ${LINES_MAX} lines`, () => {
    const long = files.filter(
      (file) => !isTest(file.path) && file.text.split('\n').length - 1 > LINES_MAX,
    )
    expect(long.map((file) => file.path)).toEqual([])
  })

  // The schema of a component is tested with every field and its example by agent/catalog.test.ts and
  // by the tests of the implementation beside it.
  test('each source of agent and operator that has code has a test beside it', () => {
    const paths = new Set(files.map((file) => file.path))
    const untested = product.filter(
      ({ path, text }) =>
        !paths.has(path.replace(/\.ts$/, '.test.ts')) && !isComponentSchema(path) && hasCode(text),
    )
    expect(untested.map((file) => file.path)).toEqual([])
  })

  test('no test is focused, skipped or postponed', () => {
    const pattern =
      /\b(?:test|it|describe|suite)(?:\.\w+)*\.(?:only|skip|todo|skipIf|runIf|fails)\b/
    const found = files.filter((file) => pattern.test(file.text))
    expect(found.map((file) => file.path)).toEqual([])
  })

  test('nothing in agent or operator writes to the console', () => {
    const found = product.filter((file) => /\bconsole\s*\.\s*\w/.test(file.text))
    expect(found.map((file) => file.path)).toEqual([])
  })
})

describe('the tidy tests themselves', () => {
  const violations = (path: string, text: string): string[] => layerViolations(parse(path, text))

  test('an upward import is found in each of its forms', () => {
    const forms = [
      `import { x } from '../pipeline/x.ts'`,
      `import type { X } from '../pipeline/x.ts'`,
      `import {\n  x,\n} from '../pipeline/x.ts'`,
      `export * from '../pipeline/x.ts'`,
      `import '../pipeline/x.ts'`,
      `const x = await import('../pipeline/x.ts')`,
      `type X = import('../pipeline/x.ts').X`,
      `new Worker(new URL('../pipeline/x.ts', import.meta.url))`,
    ]
    for (const form of forms) expect(violations('agent/core/a.ts', form), form).toHaveLength(1)
  })

  test('a sibling and a file outside of agent/ are found, the own folder is not', () => {
    const path = 'agent/sources/tail/source.ts'
    expect(violations(path, `import { x } from '../seq/source.ts'`)).toHaveLength(1)
    expect(violations(path, `import { x } from '../../../test/x.ts'`)).toHaveLength(1)
    expect(violations(path, `import { x } from './config.ts'`)).toEqual([])
  })

  test('the operator may read the configuration of the agent, the agent nothing of the operator', () => {
    const config = `import { x } from '../../agent/config/schema.ts'`
    expect(violations('operator/build/pool.ts', config)).toEqual([])
    expect(violations('operator/kube/store.ts', config)).toHaveLength(1)
    const pipeline = `import { x } from '../../agent/pipeline/pipeline.ts'`
    expect(violations('operator/build/pool.ts', pipeline)).toHaveLength(1)
    const operator = `import { x } from '../../operator/api/types.ts'`
    expect(violations('agent/core/plan.ts', operator)).toHaveLength(1)
    expect(violations('operator/build/pool.ts', `import { x } from '../apply/x.ts'`)).toHaveLength(
      1,
    )
  })

  test('an import in a comment is none', () => {
    expect(
      violations('agent/lib/a.ts', `// import('../core/x.ts')\n/* import '../core/x.ts' */`),
    ).toEqual([])
  })

  test('a cycle is found through type and dynamic imports', () => {
    const cycles = importCycles([
      parse('agent/a.ts', `import type { B } from './b.ts'`),
      parse('agent/b.ts', `const c = () => import('./c.ts')`),
      parse('agent/c.ts', `export { A } from './a.ts'`),
    ])
    expect(cycles).toEqual([['agent/a.ts', 'agent/b.ts', 'agent/c.ts', 'agent/a.ts']])
  })

  test('a dynamic import by variable is found', () => {
    expect(parse('agent/a.ts', 'import(`./${name}.ts`)').opaqueImports).toHaveLength(1)
    expect(parse('agent/a.ts', 'import(name)').opaqueImports).toHaveLength(1)
  })

  test('a file of types alone is known by having no code left', () => {
    expect(hasCode(`import type { A } from './a.ts'\nexport interface B { a: A }\n// note`)).toBe(
      false,
    )
    expect(hasCode(`export const a = 1`)).toBe(true)
  })
})

/** Whether anything runs once the types are stripped. */
function hasCode(text: string): boolean {
  const code = stripTypeScriptTypes(text).replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')
  return code.replaceAll(/export\s*\{\s*\}/g, '').trim() !== ''
}

function isComponentSchema(path: string): boolean {
  return /^agent\/[\w-]+\/[\w-]+\/config\.ts$/.test(path)
}
