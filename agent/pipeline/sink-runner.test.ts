import { describe, expect, test } from 'vitest'
import { ManualClock, turns } from '../../test/sim/clock.ts'
import { TestLog, TestParts, TestSink, failure, streamBatch } from '../../test/sim/flow-parts.ts'
import { SimDisk } from '../../test/sim/disk.ts'
import { ModelChannel, modelStore } from '../../test/sim/model-channel.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { createMetrics } from '../telemetry/metrics.ts'
import { SinkRunner } from './sink-runner.ts'

const never = new AbortController().signal

async function harness(writesMax: number, count: number) {
  const channel = new ModelChannel(modelStore())
  for (let i = 0; i < count; i++) {
    const reservation = await channel.reserve({ events: 1, bytes: 1 }, never)
    channel.append(streamBatch('s', i, [`${i}`]), reservation)
  }
  channel.commit()
  const made: TestSink[] = []
  const faults: { start: Error | undefined } = { start: undefined }
  const createSink = (): TestSink => {
    const sink = new TestSink(writesMax)
    sink.hold = true
    sink.startError = faults.start
    made.push(sink)
    return sink
  }
  const told = { delivered: 0, failed: [] as string[], settled: 0 }
  const clock = new ManualClock()
  const random = new SeededRandom(1)
  const runner = new SinkRunner(
    {
      plan: { name: 'out', type: 'test', config: {}, channel: 'c' },
      module: { createSink },
      sink: createSink(),
    },
    {
      context: {
        flow: 'f',
        directory: '/d',
        loader: new TestParts().loader,
        disk: new SimDisk({ random }),
        clock,
        random,
        log: new TestLog(),
        metrics: createMetrics(),
      },
      onDelivered: () => told.delivered++,
      onFailed: ({ code }) => told.failed.push(code),
      onSettled: () => told.settled++,
    },
  )
  await runner.start(channel)
  const write = async (): Promise<void> => {
    void runner.write(
      (await channel.take({ sink: 'out', eventsMax: 9, bytesMax: 9, signal: never }))!,
    )
  }
  return { channel, runner, write, made, told, sink: made[0]!, faults }
}

describe('acknowledgements', () => {
  test('come in the order of the writes, however these end', async () => {
    const { channel, write, sink, runner } = await harness(3, 3)
    for (let i = 0; i < 3; i++) await write()
    expect(runner.free).toBe(false)
    sink.held[2]!.settle(Buffer.from('third'))
    sink.held[1]!.settle(Buffer.from('second'))
    await turns(2)
    expect(channel.acks).toEqual([])
    sink.held[0]!.settle(Buffer.from('first'))
    await turns(2)
    expect(channel.acks).toEqual(['first', 'second', 'third'])
    expect(runner.free).toBe(true)
  })

  test('without state come at once: a write that hangs holds up no other', async () => {
    const { channel, write, sink, runner } = await harness(2, 3)
    await write()
    await write()
    expect(runner.free).toBe(false)
    sink.held[1]!.settle(undefined)
    await turns(2)
    expect(channel.acks).toEqual([undefined])
    expect(runner.free).toBe(true)
    await write()
    sink.held[2]!.settle(undefined)
    await turns(2)
    expect(channel.acks).toEqual([undefined, undefined])
    sink.held[0]!.settle(undefined)
    await turns(2)
    expect(runner.idle).toBe(true)
  })

  test('behind a failed write: without state yes, with state no', async () => {
    const { channel, write, sink, told } = await harness(3, 3)
    for (let i = 0; i < 3; i++) await write()
    sink.held[1]!.settle(Buffer.from('contains the failed one'))
    sink.held[2]!.settle(undefined)
    sink.held[0]!.settle(failure('FLM4201'))
    await turns(2)
    expect(channel.acks).toEqual([undefined])
    expect(channel.released).toBe(2)
    expect(told.failed).toEqual(['FLM4201'])
    const again = await channel.take({ sink: 'out', eventsMax: 9, bytesMax: 9, signal: never })
    expect(again!.batches[0]!.ids!.first).toBe(0)
  })

  test('with more state than a channel keeps: a failure, and a new sink', async () => {
    const { channel, write, sink, told, made, runner } = await harness(2, 2)
    await write()
    await write()
    sink.held[1]!.settle(Buffer.from('second'))
    sink.held[0]!.settle(Buffer.alloc(70_000))
    await turns(2)
    expect(channel.acks).toEqual([])
    expect(channel.released).toBe(2)
    expect(told.failed).toEqual(['FLM9001'])
    expect(sink.stopped).toBe(1)
    expect(await runner.start(channel)).toBe(true)
    expect(made).toHaveLength(2)
    expect(runner.free).toBe(true)
  })

  test('nothing is written after a failure before all writes settled', async () => {
    const { write, sink, runner, told, channel } = await harness(3, 2)
    await write()
    await write()
    sink.held[1]!.settle(failure('FLM4201'))
    await turns(2)
    expect(runner.free).toBe(false)
    // The group can go on with another sink at once.
    expect(told.failed).toEqual(['FLM4201'])
    expect(channel.released).toBe(0)
    sink.held[0]!.settle(undefined)
    await turns(2)
    expect(channel.acks).toEqual([undefined])
    expect(channel.released).toBe(1)
    expect(told.failed).toEqual(['FLM4201'])
    expect(runner.free).toBe(true)
  })
})

describe('a sink', () => {
  test('is thrown away after a failure that cannot be retried; the next one is new', async () => {
    const { write, sink, runner, made, channel } = await harness(1, 1)
    await write()
    sink.held[0]!.settle(failure('FLM4201', false))
    await turns(3)
    expect(sink.stopped).toBe(1)
    expect(runner.started).toBe(false)
    await runner.start(channel)
    expect(made).toHaveLength(2)
    expect(runner.status('g', health).problem).toContain('FLM4201')
    await write()
    made[1]!.held[0]!.settle()
    await turns(2)
    expect(runner.status('g', health)).toMatchObject({ state: 'running', eventsTotal: 1 })
  })

  test('that cannot start is stopped, and the group is told', async () => {
    const { runner, told, made, channel, write, sink, faults } = await harness(1, 1)
    await write()
    sink.held[0]!.settle(failure('FLM4201', false))
    await turns(3)
    faults.start = failure('FLM4201')
    expect(await runner.start(channel)).toBe(false)
    expect(made[1]!.stopped).toBe(1)
    expect(told.failed).toEqual(['FLM4201', 'FLM4201'])
    faults.start = undefined
    expect(await runner.start(channel)).toBe(true)
    expect(made).toHaveLength(3)
  })

  test('gets its saved state, and finishes its writes when it stops', async () => {
    const { write, sink, runner, channel } = await harness(1, 1)
    await sink.context!.saveState(Buffer.from('ahead'))
    expect(channel.sinkState('out')!.toString()).toBe('ahead')
    await write()
    const stopping = runner.stop(never)
    await turns(2)
    expect(sink.stopped).toBe(0)
    sink.held[0]!.settle()
    await stopping
    expect(sink.stopped).toBe(1)
    expect(channel.acks).toEqual([undefined])
  })

  test('is asked to end its writes at the deadline, and their leases come back', async () => {
    const { write, sink, runner, channel } = await harness(1, 1)
    await write()
    const deadline = new AbortController()
    const stopping = runner.stop(deadline.signal)
    deadline.abort()
    await stopping
    expect(channel.released).toBe(1)
    expect(sink.stopped).toBe(1)
  })
})

const health = {
  live: true,
  failures: 0,
  retryInMs: undefined,
  lastError: undefined,
}
