import { expect, test } from 'vitest'
import { flow } from '../../test/operator/objects.ts'
import { agentManifest, describeProblems, listenersOfFlow, manifestOf } from './manifests.ts'

test('an object is read once, by the checks of the agent', () => {
  const web = flow('web', { sinks: [{ name: 'out', nul: {} }] })
  const manifest = manifestOf(web)
  expect(manifestOf(web)).toBe(manifest)
  expect(describeProblems(manifest.problems)).toBe(
    'FLM1203 spec.sinks[0].nul: unknown key. Did you mean "null"?',
  )
})

test('whatever stands in the specification, it is read', () => {
  for (const spec of [null, 'text', [], { sources: null }, { agentRef: 7 }])
    expect(manifestOf({ metadata: { name: 'web' }, spec }).problems.length).toBeGreaterThan(0)
})

test('the sources that listen, with the place of their port', () => {
  const web = flow('web', {
    sources: [
      { name: 'a', seq: {} },
      { name: 'b', http: { port: 8080 } },
    ],
  })
  expect(listenersOfFlow(manifestOf(web))).toMatchObject([
    { source: 'b', type: 'http', port: 8080, path: ['spec', 'sources', 1, 'http', 'port'] },
  ])
  expect(listenersOfFlow(manifestOf(flow('bad', { agentRef: {} })))).toEqual([])
})

test('a pool stands for itself', () => {
  expect(agentManifest('hub')).toMatchObject({ kind: 'FlumeAgent', agent: 'hub', problems: [] })
})

test('many problems are counted', () => {
  const problem = { code: 'FLM1203', file: '', line: 0, path: 'a', message: 'b' } as const
  expect(describeProblems(Array.from({ length: 5 }, () => problem))).toMatch(/; and 2 more$/)
})
