import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { killMarked, markedProcesses, markerOf } from './processes.ts'

test('processes of a cluster, and those that they started, are found and ended; others are not', async () => {
  const directory = `/no/such/${randomUUID()}`
  const env = { ...process.env, ...markerOf(directory) }
  const script = 'sleep 600 & echo started; wait'
  const child = spawn('sh', ['-c', script], { env, stdio: ['ignore', 'pipe', 'ignore'] })
  await once(child.stdout, 'data')
  expect(markedProcesses(directory)).toHaveLength(2)
  expect(markedProcesses(`${directory}/below`)).toEqual([])
  const ended = await killMarked(directory)
  expect(ended.some((each) => /process \d+ \(sleep 600\)/.test(each))).toBe(true)
  expect(markedProcesses(directory)).toEqual([])
})
