import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FIVE_MISTAKES, seqToFile } from '../../test/cli/manifests.ts'
import { ManifestFiles } from './manifest-files.ts'

let directory: string
let file: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-manifests-'))
  file = join(directory, 'flow.yaml')
  writeFileSync(file, seqToFile('/out'))
})

afterEach(() => rmSync(directory, { recursive: true }))

test('they give a plan, or all mistakes', async () => {
  const source = new ManifestFiles({ files: [file] })
  expect(await source.load()).toMatchObject({ plan: { name: 'web' }, problems: [] })
  writeFileSync(file, FIVE_MISTAKES)
  const { plan, problems } = await source.load()
  expect(plan).toBeUndefined()
  expect(problems).toHaveLength(5)
})

test('another agent is refused once one runs: its plan would run on the data of that one', async () => {
  const source = new ManifestFiles({ files: [file] })
  await source.load()
  writeFileSync(file, seqToFile('/out').replace('name: web', 'name: other'))
  expect((await source.load()).problems).toMatchObject([{ code: 'FLM1306' }])
})

test('a port for a source that does not listen is a mistake of the command line', async () => {
  const source = new ManifestFiles({ files: [file], ports: new Map([['web/in', 4141]]) })
  const { plan, problems } = await source.load()
  expect(plan).toBeUndefined()
  expect(problems).toMatchObject([{ code: 'FLM1301', path: '--port' }])
  expect(problems[0]!.message).toContain('no source web/in that listens')
})

test('modules of plugins belong to the signature where they are watched', async () => {
  const pluginsDirectory = join(directory, 'plugins')
  const options = { files: [file], pluginsDirectory }
  const watched = new ManifestFiles({ ...options, watchesPlugins: true })
  const signature = await watched.signature()
  expect(signature).toContain('plugins')
  expect(await new ManifestFiles(options).signature()).not.toContain('plugins')
  writeFileSync(file, seqToFile('/other'))
  expect(await watched.signature()).not.toBe(signature)
})
