import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processesIn, script, until, within } from './child.ts'
import type { Child } from './child.ts'

const RUN = 'examples/quickstart/run.ts'
const END_MS_MAX = 120_000
/** `flume up`, the edge and two hubs. */
const PROCESSES = 4

let directory: string
let folder: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-start-'))
  folder = join(directory, 'work')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('the quickstart survives its faults, keeps its promises and leaves no process', async () => {
  const log = join(directory, 'output.log')
  const run = script(RUN, ['--seconds', '4', '--folder', folder], log)
  const ending = await within(run.ended, END_MS_MAX)
  expect(ending, run.log()).toBe(0)
  expect(run.log()).toMatch(/^ {2}lost +0$/m)
  expect(run.log()).toMatch(/^ {2}duplicates +[\d,]+ {3}at most 6,000: 3 faults/m)
  expect(run.log()).toMatch(/^ {2}torn +0$/m)
  expect(run.log()).toMatch(/^ {2}processes left +0$/m)
  for (const what of ['killed hub', 'frozen hub']) {
    expect(run.log()).toMatch(new RegExp(`^ {2}fail-over, ${what} +\\d+\\.\\d+ s`, 'm'))
  }
  for (const what of ['killed hub', 'woken hub', 'killed edge']) {
    expect(run.log()).toMatch(new RegExp(`^ {2}recovery, ${what} +\\d+\\.\\d+ s`, 'm'))
  }
  expect(run.log()).toMatch(/written +[\d,]+ {2}delivered +[\d,]+ {2}waiting +[\d,]+ {2}oldest/)
  expect(processesIn(folder)).toEqual([])
})

test.for([
  ['while all run', 'All work', PROCESSES],
  ['while a hub is frozen', 'freeze hub-1', PROCESSES],
] as const)('the quickstart interrupted %s stops its agents', async ([, moment, processes]) => {
  const run = script(RUN, ['--seconds', '4', '--folder', folder], join(directory, 'output.log'))
  await said(run, moment)
  expect(processesIn(folder)).toHaveLength(processes)
  run.kill('SIGINT')
  expect(await within(run.ended, END_MS_MAX), run.log()).toBe(130)
  expect(run.log()).toContain('Interrupted')
  expect(processesIn(folder)).toEqual([])
})

test('the quickstart killed leaves no process either', async () => {
  const run = script(RUN, ['--seconds', '4', '--folder', folder], join(directory, 'output.log'))
  await said(run, 'All work')
  run.kill('SIGKILL')
  await run.ended
  const left = (): true | undefined => (processesIn(folder).length === 0 ? true : undefined)
  await until(left, END_MS_MAX, () => `left: ${processesIn(folder).join(', ')}`)
})

async function said(run: Child, text: string): Promise<void> {
  await until(
    () => (run.log().includes(text) ? true : undefined),
    END_MS_MAX,
    () => run.log(),
  )
}
