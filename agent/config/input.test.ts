import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { documents, flow, receiver, sender } from '../../test/config/manifests.ts'
import { checkInput, readInput, unattributed } from './input.ts'
import { formatProblem } from './problem.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-input-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

const write = (name: string, ...texts: readonly string[]): void =>
  writeFileSync(join(directory, name), documents(...texts))
const short = (problems: readonly Parameters<typeof formatProblem>[0][]): string[] =>
  problems.map((each) => formatProblem(each).replaceAll(`${directory}/`, '').slice(0, 40))

it('tells problems of an agent from those that may be of any', async () => {
  write('a.yaml', flow('good'), flow('bad', { sinks: '[{ name: out, nul: {} }]' }))
  write('b.yaml', receiver('collect', '[hub]'), 'kind: x\n')
  write('c.yaml', 'a: [\n')
  const input = await readInput([directory, join(directory, 'none')])
  expect(input.manifests.map((each) => each.agent)).toEqual(['good', 'bad', undefined])
  expect(short(unattributed(input)).map((each) => each.slice(0, 18))).toEqual([
    'none: FLM1101 cann',
    'b.yaml:9: FLM1103 ',
    'c.yaml:2: FLM1102 ',
    'b.yaml:5: FLM1202 ',
  ])
  const all = short(checkInput(input, () => []))
  expect(all).toHaveLength(5)
  expect(all[1]).toContain('a.yaml:15: FLM1203')
})

it('finds nothing wrong with agents that hand events to each other', async () => {
  write('a.yaml', sender('edge', 'name: hub'))
  write('b.yaml', receiver('collect', 'hub'))
  const input = await readInput([directory])
  expect(checkInput(input, () => [])).toEqual([])
  expect(checkInput(input, () => undefined)).toHaveLength(1)
})
