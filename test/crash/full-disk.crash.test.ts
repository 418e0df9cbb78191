import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { AgentStatus } from '../../agent/core/status.ts'
import { notRun } from '../not-run.ts'
import { NOTHING_WRONG, Sandbox } from './sandbox.ts'

/** A channel on a tmpfs of 64 MB with a capacity far above it; input and output are elsewhere. */
const TMPFS_MEGABYTES = 64
const LINES = 400_000
const DRAIN_MS_MAX = 60_000

const canMount = process.platform === 'linux' && process.getuid?.() === 0
const left = {
  what: 'crash/full disk',
  why: 'mounting a tmpfs needs root on Linux',
  cure: 'sudo npm test',
}

class FullDisk extends Sandbox {
  constructor() {
    super()
    mkdirSync(this.dataDir)
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${TMPFS_MEGABYTES}m`, 'tmpfs', this.dataDir])
  }

  /** Takes all space that is left. */
  fill(): void {
    const fd = openSync(join(this.dataDir, 'ballast'), 'a')
    try {
      for (;;) writeSync(fd, Buffer.alloc(4096))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      closeSync(fd)
    }
  }

  makeRoom(): void {
    rmSync(join(this.dataDir, 'ballast'))
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAgents()
    execFileSync('umount', [this.dataDir])
    await super[Symbol.asyncDispose]()
  }
}

const channelOf = (status: AgentStatus) => status.flows[0]!.channels[0]!.stats
const isFull = (status: AgentStatus): boolean => channelOf(status)?.state === 'full'
const isEmpty = (status: AgentStatus): boolean => channelOf(status)?.backlogEvents === 0

test('on a full disk the source waits, the sink goes on, and all events arrive once', async (context) => {
  if (!canMount) notRun(context, left)
  await using disk = new FullDisk()
  disk.writeFlows([{ name: 'a' }])
  disk.block('a')
  const writer = disk.input('a')
  writer.writeLines(LINES)
  writer.stop()

  const agent = await disk.start()
  const full = await agent.untilStatus('full', isFull)
  const accepted = channelOf(full)!.backlogEvents
  expect(accepted).toBeGreaterThan(0)
  expect(accepted).toBeLessThan(LINES)
  expect(channelOf(full)!.problem).toBeTruthy()

  disk.unblock('a')
  await agent.untilStatus(
    'drained',
    (status) => isEmpty(status) && status.flows[0]!.sinks[0]!.eventsTotal >= LINES,
    DRAIN_MS_MAX,
  )
  expect(await agent.stop()).toBe(0)
  expect(disk.verdict('a', LINES)).toEqual(NOTHING_WRONG)
})

test('restarted again and again on a full disk, a channel still drains', async (context) => {
  if (!canMount) notRun(context, left)
  await using disk = new FullDisk()
  disk.writeFlows([{ name: 'a' }])
  disk.block('a')
  const writer = disk.input('a')
  writer.writeLines(LINES)
  writer.stop()

  let agent = await disk.start()
  let accepted = 0
  for (let restart = 0; restart < 3; restart++) {
    const full = await agent.untilStatus('full', isFull)
    accepted = channelOf(full)!.backlogEvents
    disk.fill()
    await agent.kill()
    agent = await disk.start()
  }
  disk.unblock('a')
  // The ballast stays: what was accepted is delivered without any room being made from outside.
  await agent.untilStatus(
    'delivered what was accepted',
    (status) => status.flows[0]!.sinks[0]!.eventsTotal >= accepted,
    DRAIN_MS_MAX,
  )
  disk.makeRoom()
  await agent.untilStatus(
    'drained',
    (status) => isEmpty(status) && disk.verdict('a', LINES).lost.length === 0,
    DRAIN_MS_MAX,
  )
  expect(await agent.stop()).toBe(0)
  expect(disk.verdict('a', LINES)).toEqual(NOTHING_WRONG)
})
