import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Workbench, until } from '../../test/cli/flume.ts'
import { stuck } from '../../test/cli/manifests.ts'
import { nodeDisk } from '../lib/disk.ts'
import { dump, verify } from './channel-command.ts'

/** A channel with a backlog of 10 events, left by an agent that was stopped in order. */
const bench = new Workbench()
const directory = bench.path('data', 'stuck-0', 'stuck', 'disk')

beforeAll(async () => {
  writeFileSync(bench.path('file'), '')
  const manifest = bench.path('flow.yaml')
  writeFileSync(manifest, stuck(bench.path('file')).replace('memory: {}', 'file: {}'))
  const agent = bench.run(manifest)
  await until('a backlog', async () =>
    (await agent.ask('/status')).body.includes('"backlogEvents":10,') ? true : undefined,
  )
  agent.kill('SIGTERM')
  await agent.ended
})

afterAll(() => bench.clean())

const capture = () => {
  const texts = { stdout: '', stderr: '' }
  const out = {
    stdout: (text: string) => void (texts.stdout += text),
    stderr: (text: string) => void (texts.stderr += text),
  }
  return { texts, out }
}

test('a sound channel is ok, for people and for programs', async () => {
  const { texts, out } = capture()
  expect(await verify({ directory }, nodeDisk, out)).toBe(0)
  expect(texts.stdout).toMatch(/\nbacklog +10 events\nlost +0 events\nok\n$/)
  const json = capture()
  expect(await verify({ directory, output: 'json' }, nodeDisk, json.out)).toBe(0)
  expect(JSON.parse(json.texts.stdout)).toMatchObject({ ok: true, backlogEvents: 10 })
})

test('dump has a line per record', async () => {
  const { texts, out } = capture()
  expect(await dump({ directory }, nodeDisk, out)).toBe(0)
  expect(texts.stdout).toMatch(/\.seg +\d+ BATCH +0\.\./)
  expect(texts.stdout).toMatch(/ END +closed in order\n$/)
  const json = capture()
  await dump({ directory, output: 'json' }, nodeDisk, json.out)
  expect(JSON.parse(json.texts.stdout.split('\n')[0]!)).toMatchObject({ type: 'SEGMENT' })
})

test('a directory without a channel is a usage error', async () => {
  for (const other of [bench.directory, join(directory, 'nowhere'), bench.path('file')]) {
    for (const command of [verify, dump]) {
      const { texts, out } = capture()
      expect(await command({ directory: other }, nodeDisk, out)).toBe(2)
      expect(texts.stderr).toContain('holds no file channel')
    }
  }
})

test('a flipped byte is damage, with its place and what it cost', async () => {
  const { texts, out } = capture()
  await dump({ directory, output: 'json' }, nodeDisk, out)
  const lines = texts.stdout.trim().split('\n').map(parseLine)
  const batch = lines.find(({ type }) => type === 'BATCH')!
  const path = join(directory, batch.segment)
  const bytes = readFileSync(path)
  const at = batch.offset + 70
  bytes[at] = bytes[at]! ^ 1
  writeFileSync(path, bytes)

  const report = capture()
  expect(await verify({ directory }, nodeDisk, report.out)).toBe(1)
  const damage = `damage     ${batch.segment} at ${batch.offset}, `
  expect(report.texts.stdout).toContain(damage)
  expect(report.texts.stdout).toMatch(/\nlost +[1-9]\d* events?\n/)
  expect(report.texts.stdout).toMatch(/\n1 damaged record\n$/)
  const dumped = capture()
  expect(await dump({ directory }, nodeDisk, dumped.out)).toBe(1)
  expect(dumped.texts.stdout).toContain(' DAMAGE ')
})

function parseLine(line: string): { type: string; segment: string; offset: number } {
  return JSON.parse(line) as { type: string; segment: string; offset: number }
}
