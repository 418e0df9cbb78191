import { mkdirSync, writeFileSync } from 'node:fs'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { FLUME, Workbench, flume } from '../../../test/cli/flume.ts'
import { FIVE_MISTAKES, seqToFile } from '../../../test/cli/manifests.ts'

// What `up` does with real processes that are killed is tested in test/crash/up.crash.test.ts.

let bench: Workbench
beforeEach(() => {
  bench = new Workbench()
  mkdirSync(bench.path('manifests'))
})
afterEach(() => bench.clean())

const up = () => bench.start(['up', '-f', 'manifests', '--data-dir', 'data', '--output', 'json'])

test('mistakes in all agents are printed with their lines, exit code 2', async () => {
  writeFileSync(bench.path('manifests', 'a.yaml'), FIVE_MISTAKES)
  const { code, stderr, stdout } = await up().ended
  expect([code, stdout]).toEqual([2, ''])
  expect(stderr).toMatch(/^manifests\/a\.yaml:7: FLM1203 /)
  expect(stderr).toMatch(
    /\n5 errors\nagent web: is not started until its mistakes are corrected\n$/,
  )
})

test('a data directory is for one at a time', async () => {
  writeFileSync(bench.path('manifests', 'a.yaml'), seqToFile(bench.path('out')))
  const first = up()
  await first.logged(/web-0: started/)
  const second = await up().ended
  expect(second.code).toBe(1)
  expect(second.stderr).toBe(
    'FLM9103 The data directory data is in use by another flume up. Stop that one, or choose another with --data-dir DIR.\n',
  )
  first.kill('SIGINT')
  const { code, stdout } = await first.ended
  expect(code).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  expect(JSON.parse(lines[0]!)).toMatchObject({ replicas: [{ replica: 'web-0' }] })
})

test('an input without agents ends with 2, a reader that goes away stops all in order', async () => {
  const none = await up().ended
  expect(none).toMatchObject({ code: 2, stdout: '' })
  expect(none.stderr).toContain('FLM1101 cannot read: the directory has no .yaml or .yml file')
  writeFileSync(bench.path('manifests', 'a.yaml'), seqToFile(bench.path('out')))
  const command = `bin=$1; shift; "$bin" up -f "$1" --data-dir "$2" --output json | head -n 2`
  const args = ['-c', command, 'sh', FLUME, bench.path('manifests'), bench.path('data')]
  const { code, stdout, stderr } = await flume(args, { command: '/bin/sh' })
  expect([code, stdout.trimEnd().split('\n').length]).toEqual([0, 2])
  expect(stderr).toMatch(/stopping all agents\nall agents stopped\n$/)
})
