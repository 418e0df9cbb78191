import { expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { failure, flowPlan, streamBatch } from '../../test/sim/flow-parts.ts'
import { testContext } from '../../test/sim/test-context.ts'
import { ChannelRunner } from './channel-runner.ts'
import { diffFlow } from './flow-diff.ts'
import { GroupRunner } from './group-runner.ts'
import { prepareFlow } from './prepare.ts'

const { signal } = new AbortController()

async function harness(writesMax: number) {
  const { context, parts, clock } = testContext()
  const plan = flowPlan({ sinks: [{ config: { name: 'out', writesMax } }] })
  const none = { sources: [], channels: [], groups: [] }
  const prepared = await prepareFlow(diffFlow(none, plan), context)
  const channel = new ChannelRunner(plan.channels[0]!, context)
  channel.open()
  await channel.whenOpen()
  const group = new GroupRunner(prepared.groups[0]!, { context, channel, onProgress: () => {} })
  group.start()
  await turns(3)
  let at = 0
  const append = async (): Promise<void> => {
    const reservation = await channel.channel!.reserve({ events: 1, bytes: 1 }, signal)
    channel.channel!.append(streamBatch('s', at, [`${at++}`]), reservation)
    await turns(3)
  }
  return { group, append, parts, clock }
}

test('a sink has as many leases as it works on at a time', async () => {
  const { group, append, parts } = await harness(2)
  const sink = parts.sink('out')
  sink.hold = true
  for (let i = 0; i < 4; i++) await append()
  expect(sink.held).toHaveLength(2)
  expect(parts.channel('c').stats().leasedEvents).toBe(2)
  sink.held[0]!.settle()
  await turns(3)
  expect(sink.held).toHaveLength(3)
  sink.hold = false
  for (const { settle } of sink.held) settle()
  await turns(5)
  expect(sink.delivered).toEqual(['0', '1', '2', '3'])
  expect(group.idle).toBe(true)
  await group.stop(signal)
  expect(sink.stopped).toBe(1)
})

test('a failing sink is tried with back-off, and what it failed on comes first', async () => {
  const { group, append, parts, clock } = await harness(1)
  const sink = parts.sink('out')
  sink.failing = failure('FLM4201')
  await append()
  await append()
  expect(group.status()[0]).toMatchObject({ state: 'failing', failuresTotal: 1 })
  expect(group.status()[0]!.health).toMatchObject({ live: false })
  for (let i = 0; i < 10; i++) {
    clock.advance(1000)
    await turns(3)
  }
  expect(group.status()[0]!.failuresTotal).toBeGreaterThan(5)
  sink.failing = undefined
  clock.advance(1000)
  await turns(5)
  expect(sink.delivered).toEqual(['0', '1'])
  expect(group.status()[0]).toMatchObject({ state: 'running', problem: undefined })
  await group.stop(signal)
})

test('a group that waits for events stops at once', async () => {
  const { group, parts } = await harness(1)
  await group.stop(signal)
  expect(parts.sink('out').stopped).toBe(1)
})

test('events that cannot be read are tried again, and end nothing', async () => {
  const { group, append, parts, clock } = await harness(1)
  const sink = parts.sink('out')
  parts.channel('c').unreadable = 3
  await append()
  for (let i = 0; i < 6; i++) {
    await append()
    clock.advance(1000)
    await turns(5)
  }
  expect(sink.delivered).toEqual(['0', '1', '2', '3', '4', '5', '6'])
  expect(group.status()[0]).toMatchObject({ state: 'running', failuresTotal: 0 })
  await group.stop(signal)
})
