import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { launchFlume } from './launch.ts'

let directory: string
let logFile: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'flume-launch-'))
  logFile = join(directory, 'logs', 'a-0.log')
})
afterEach(() => rmSync(directory, { recursive: true }))

const TEXT = `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: a }
spec: { sources: [{ name: in, seq: { totalEvents: 1 } }], sinks: [{ name: out, logger: {} }] }
`

it('starts bin/flume with its output in the log, and tells how it ended', async () => {
  const missing = join(directory, 'none.yaml')
  const child = launchFlume({ args: ['run', `--file=${missing}`], logFile })
  expect(child.pid).toBeGreaterThan(1)
  expect(await child.ended).toEqual({ code: 2, reason: undefined })
  expect(readFileSync(logFile, 'utf8')).toContain(`${missing}: FLM1101`)
  child.signal('SIGTERM')
})

it('gives it a pipe to see that this process lives, and sends it signals', async () => {
  const manifest = join(directory, 'a.yaml')
  writeFileSync(manifest, TEXT)
  const args = [`--file=${manifest}`, `--data-dir=${directory}`, '--admin=127.0.0.1:0']
  const child = launchFlume({ args: ['run', ...args], logFile })
  child.signal('SIGKILL')
  expect(await child.ended).toEqual({ code: undefined, reason: 'SIGKILL' })
})

it('tells why a process could not be started', async () => {
  writeFileSync(join(directory, 'logs'), '')
  const child = launchFlume({ args: ['version'], logFile })
  expect(child.pid).toBeUndefined()
  expect((await child.ended).reason).toMatch(/EEXIST|ENOTDIR/)
})
