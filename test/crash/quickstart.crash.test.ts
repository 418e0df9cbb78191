import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { processesIn, script, until, within } from './child.ts'

const RUN = 'examples/quickstart/run.ts'
const END_MS_MAX = 60_000

let directory: string
let folder: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-start-'))
  folder = join(directory, 'work')
})
afterEach(() => {
  rmSync(directory, { recursive: true })
})

test('the quickstart survives its kill, reports no loss and leaves no process', async () => {
  const log = join(directory, 'output.log')
  const run = script(RUN, ['--seconds', '6', '--folder', folder], log)
  const ending = await within(run.ended, END_MS_MAX)
  expect(ending, run.log()).toBe(0)
  expect(run.log()).toMatch(/^ {2}lost +0$/m)
  expect(run.log()).toMatch(/^ {2}duplicates +0$/m)
  expect(run.log()).toMatch(/^ {2}recovery +\d+\.\d+ s/m)
  expect(run.log()).toMatch(/written +[\d,]+ {3}delivered +[\d,]+ {3}waiting +[\d,]+ {3}oldest/)
  expect(processesIn(folder)).toEqual([])
})

test('the quickstart interrupted stops its agent and says so', async () => {
  const run = script(RUN, ['--folder', folder], join(directory, 'output.log'))
  await until(
    () => (/delivered +[1-9]/.test(run.log()) ? true : undefined),
    END_MS_MAX,
    () => run.log(),
  )
  expect(processesIn(folder)).toHaveLength(1)
  run.kill('SIGINT')
  expect(await within(run.ended, END_MS_MAX), run.log()).toBe(130)
  expect(run.log()).toContain('Interrupted')
  expect(processesIn(folder)).toEqual([])
})
