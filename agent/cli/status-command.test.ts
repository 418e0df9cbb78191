import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { adminView } from '../../test/cli/view.ts'
import { RecordingLogger } from '../../test/sim/log-fixture.ts'
import { startAdminServer } from '../admin/server.ts'
import type { AdminServer } from '../admin/server.ts'
import { systemClock } from '../lib/clock.ts'
import { formatAddress } from './address.ts'
import { recordAdmin } from './admin-record.ts'
import { status } from './status-command.ts'
import type { StatusOptions } from './status-command.ts'

let dataDir: string
let server: AdminServer
let address: string
let texts: { stdout: string; stderr: string }

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'flume-status-'))
  const log = new RecordingLogger()
  server = await startAdminServer({ host: '127.0.0.1', port: 0 }, adminView(), log)
  address = formatAddress(server.address)
  texts = { stdout: '', stderr: '' }
})

afterEach(async () => {
  await server.close()
  rmSync(dataDir, { recursive: true })
})

const run = (options: Partial<StatusOptions>): Promise<number> =>
  status({ dataDir, watch: false, output: 'text', terminal: false, ...options }, systemClock, {
    stdout: (text) => void (texts.stdout += text),
    stderr: (text) => void (texts.stderr += text),
  })

const record = (name: string, at: string): void => {
  mkdirSync(join(dataDir, name))
  recordAdmin(join(dataDir, name), { address: at, pid: 1 })
}

test('an agent is asked at its address', async () => {
  expect(await run({ admin: address })).toBe(0)
  expect(texts.stdout).toMatch(/^agent hub {2}running/)
  expect(texts.stderr).toBe('')
})

test('all agents of a data directory are shown, those that do not answer are said', async () => {
  record('hub-0', address)
  record('hub-1', address)
  record('killed-0', '127.0.0.1:1')
  expect(await run({})).toBe(0)
  expect(texts.stdout.match(/^agent hub /gm)).toHaveLength(2)
  expect(texts.stderr).toMatch(/^FLM9104 No agent answers at 127\.0\.0\.1:1: .*\n$/)
})

test('JSON is a line per agent', async () => {
  record('hub-0', address)
  record('hub-1', address)
  expect(await run({ output: 'json' })).toBe(0)
  const lines = texts.stdout.trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { agent: string }).agent)).toEqual(['hub', 'hub'])
})

test('when none answers the exit code is 1', async () => {
  record('killed-0', '127.0.0.1:1')
  expect(await run({})).toBe(1)
  expect(texts.stdout).toBe('')
})
