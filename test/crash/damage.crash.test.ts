import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Sandbox } from './sandbox.ts'
import { channelDirectories, runFlume } from './running-agent.ts'

const BURSTS = 10
const BURST_LINES = 500
const LINES = BURSTS * BURST_LINES
const HIT = 2600

/** Flips one byte in the body of line `id`, wherever it stands in the channel. */
function damage(channel: string, id: number): void {
  const text = String(id).padStart(8, '0')
  for (const name of readdirSync(channel).filter((each) => each.endsWith('.seg'))) {
    const file = join(channel, name)
    const bytes = readFileSync(file)
    const at = bytes.indexOf(text)
    if (at < 0) continue
    bytes[at + 10]! ^= 1
    writeFileSync(file, bytes)
    return
  }
  throw new Error(`line ${id} is in no segment of ${channel}`)
}

test('a byte flipped in a segment costs one record, which is counted and shown; the rest is delivered', async () => {
  await using sandbox = new Sandbox()
  sandbox.writeFlows([{ name: 'a' }])
  sandbox.block('a')
  const writer = sandbox.input('a')
  const filling = await sandbox.start()
  for (let burst = 1; burst <= BURSTS; burst++) {
    writer.writeLines(BURST_LINES)
    if (burst === BURSTS) writer.stop()
    // Burst by burst into the channel, so that it holds several records.
    await filling.untilStatus(
      `holding burst ${burst}`,
      (status) =>
        (status.flows[0]!.channels[0]!.stats?.backlogEvents ?? 0) > (burst - 1) * BURST_LINES,
    )
  }
  await filling.untilStatus(
    'holding all lines',
    (status) => status.flows[0]!.channels[0]!.stats?.backlogEvents === LINES,
  )
  expect(await filling.stop()).toBe(0)

  const [channel] = channelDirectories(sandbox.dataDir)
  const intact = await runFlume(['channel', 'verify', channel!], sandbox.directory)
  expect(intact).toMatchObject({ ending: 0 })
  damage(channel!, HIT)
  const damaged = await runFlume(
    ['channel', 'verify', '--output', 'json', channel!],
    sandbox.directory,
  )
  expect(damaged.ending, damaged.output).toBe(1)

  sandbox.unblock('a')
  const draining = await sandbox.start()
  const status = await draining.untilStatus('drained', ({ flows }) => {
    const stats = flows[0]!.channels[0]!.stats
    return stats !== undefined && stats.lostEvents > 0 && stats.backlogEvents === 0
  })
  const stats = status.flows[0]!.channels[0]!.stats!
  const metrics = await draining.metrics()
  expect(await draining.stop()).toBe(0)

  const verdict = sandbox.verdict('a', LINES)
  expect(verdict).toMatchObject({ repeated: [], strangers: [], torn: [] })
  expect(verdict.lost).toContain(HIT)
  expect(verdict.lost.at(-1)! - verdict.lost[0]! + 1).toBe(verdict.lost.length)
  expect(verdict.lost.length).toBeLessThan(LINES / 2)
  expect(stats).toMatchObject({ lostEvents: verdict.lost.length, quarantinedRecords: 1 })
  expect(metrics).toMatch(
    new RegExp(`^flume_events_lost_total\\{[^}]*\\} ${verdict.lost.length}$`, 'm'),
  )
  expect(damaged.output).toContain(String(verdict.lost.length))
})
