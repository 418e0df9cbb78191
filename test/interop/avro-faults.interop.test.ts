import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { bytesIn } from '../../hack/bench/drain.ts'
import { Flume, avroSink, avroSource } from '../../hack/bench/flume.ts'
import { freePorts, listening } from '../../hack/bench/free-port.ts'
import { Ours, avroHop, avroIntake } from '../../hack/bench/ours.ts'
import { endAll, pause } from '../../hack/bench/running.ts'
import type { Running } from '../../hack/bench/running.ts'
import { TAKE_EVENTS_MAX } from '../../agent/pipeline/group-runner.ts'
import { Tally, eventAt } from './events.ts'
import type { Received } from './events.ts'
import { feed } from './feed.ts'
import { flumeOutput, ourOutput } from './outputs.ts'
import { flumeChannel, flumeRecords, folderOf, needsFlume, ourRecords } from './peers.ts'

/**
 * The real Flume on one side, we on the other, 100,000 events on their way: either side is killed with
 * SIGKILL and frozen with SIGSTOP. Nothing may be lost. Flume does not know our ids, so that events come
 * again: of Flume the batch that was not answered; of us what was not answered, and what the sink had
 * taken from the channel together with it.
 */
const EVENTS = 100_000
const BATCH_EVENTS = 20
/** Events our sink has unanswered at a time. */
const IN_FLIGHT_EVENTS = 500
/** Of the receiver and of the sender, each killed and frozen. */
const FAULTS = 4
/** Shorter than the defaults, so that a frozen peer is noticed soon. */
const REQUEST_TIMEOUT_SECONDS = 3
const SENDER_FROZEN_MS = 1000
const SECONDS_MAX = 90
const LOOK_MS = 5

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-avro-faults-'))
})
afterEach(async () => {
  await endAll()
  rmSync(folder, { recursive: true })
})

/** One agent, started again in the same folder after a kill. */
class Peer {
  readonly #start: () => Running
  running: Running

  constructor(start: () => Running) {
    this.#start = start
    this.running = start()
  }

  async kill(): Promise<void> {
    await this.running.kill()
    this.running = this.#start()
  }

  freeze(): void {
    process.kill(this.running.pid, 'SIGSTOP')
  }

  wake(): void {
    process.kill(this.running.pid, 'SIGCONT')
  }
}

interface Way {
  readonly sender: Peer
  readonly receiver: Peer
  readonly out: string
  readonly read: (directory: string) => Iterable<Received>
  /** What the sender logs when an answer did not come in time. */
  readonly noticed: RegExp
  readonly repeatedMax: number
}

test('we send, the real Flume receives; then the other way round; both are killed and frozen', async (context) => {
  needsFlume(context)
  const [edgePort, hubPort, flumeFeedPort, flumePort] = (await freePorts(4)) as [
    number,
    number,
    number,
    number,
  ]
  const edge = new Peer(() => ourEdge(edgePort, flumePort))
  await listening(edge.running, edgePort)
  await feed(edgePort, EVENTS)
  const flume = new Peer(() => realFlume({ feed: flumeFeedPort, hub: flumePort, next: hubPort }))
  const toFlume = await endure({
    sender: edge,
    receiver: flume,
    out: out('flume'),
    read: flumeOutput,
    noticed: /FLM4302/,
    repeatedMax: FAULTS * (IN_FLIGHT_EVENTS + TAKE_EVENTS_MAX),
  })
  await edge.running.stop()
  expect(toFlume).toEqual({ wrong: [], missing: 0 })

  await listening(flume.running, flumeFeedPort)
  await feed(flumeFeedPort, EVENTS)
  const hub = new Peer(() => ourHub(hubPort))
  const toUs = await endure({
    sender: flume,
    receiver: hub,
    out: out('hub'),
    read: ourOutput,
    noticed: /RPC request timed out|Unable to deliver event/,
    repeatedMax: FAULTS * BATCH_EVENTS,
  })
  await flume.running.stop()
  await hub.running.stop()
  expect(toUs).toEqual({ wrong: [], missing: 0 })
})

/** The four faults, one behind the other while events flow; what came, and how much more than once. */
async function endure({ sender, receiver, out: directory, read, noticed, repeatedMax }: Way) {
  await progress(sender, directory, 0.1)
  await receiver.kill()
  await progress(sender, directory, 0.2)
  receiver.freeze()
  const before = sender.running.log.length
  await sender.running.until(
    'the sender has noticed',
    () => noticed.test(sender.running.log.slice(before)) || undefined,
    { secondsMax: SECONDS_MAX },
  )
  receiver.wake()
  await progress(sender, directory, 0.2)
  await sender.kill()
  await progress(sender, directory, 0.2)
  sender.freeze()
  await pause(SENDER_FROZEN_MS)
  sender.wake()
  const deadlineMs = performance.now() + 1000 * SECONDS_MAX
  let tally = tallyOf(read(directory))
  while (tally.missing > 0 && performance.now() < deadlineMs) {
    await pause(250)
    tally = tallyOf(read(directory))
  }
  console.log(
    `${directory}: ${tally.repeated} of ${EVENTS} events came again after ${FAULTS} faults`,
  )
  expect(tally.repeated).toBeLessThanOrEqual(repeatedMax)
  return { wrong: tally.wrong, missing: tally.missing }
}

function tallyOf(events: Iterable<Received>): Tally {
  const tally = new Tally(EVENTS)
  for (const event of events) tally.add(event)
  return tally
}

/** Bodies and headers: less than any way to write them down. */
const BYTES = Array.from({ length: EVENTS }, (_, i) => eventAt(i)).reduce(
  (bytes, { headers, body }) =>
    bytes + body.length + headers.reduce((all, [, value]) => all + value.length, 0),
  0,
)

/** Waits until this share of the events has come since the call. */
async function progress(sender: Peer, directory: string, share: number): Promise<void> {
  const wanted = bytesIn(directory) + share * BYTES
  await sender.running.until(
    `${share} of the events have come`,
    () => bytesIn(directory) >= wanted || undefined,
    { secondsMax: SECONDS_MAX, lookMs: LOOK_MS },
  )
}

function out(name: string): string {
  return folderOf(folder, 'out', name)
}

function ourEdge(port: number, next: number): Running {
  const sink = {
    avro: {
      ...avroHop(next).avro,
      batchSize: BATCH_EVENTS,
      maxInFlight: IN_FLIGHT_EVENTS,
      requestTimeout: `${REQUEST_TIMEOUT_SECONDS}s`,
    },
  }
  const parts = { source: avroIntake(port), channel: { file: {} }, sink }
  return new Ours(parts, { folder: folderOf(folder, 'edge') })
}

function ourHub(port: number): Running {
  const parts = { source: avroIntake(port), channel: { file: {} }, sink: ourRecords(out('hub')) }
  return new Ours(parts, { folder: folderOf(folder, 'hub') })
}

function realFlume(ports: { readonly feed: number; readonly hub: number; readonly next: number }) {
  const home = folderOf(folder, 'flume')
  return new Flume(
    {
      sources: {
        feed: { ...avroSource(ports.feed), channels: 'to' },
        hub: { ...avroSource(ports.hub), channels: 'from' },
      },
      channels: { to: flumeChannel(home, 'to'), from: flumeChannel(home, 'from') },
      sinks: {
        next: {
          ...avroSink(ports.next),
          'batch-size': BATCH_EVENTS,
          'request-timeout': 1000 * REQUEST_TIMEOUT_SECONDS,
          channel: 'to',
        },
        out: { ...flumeRecords(out('flume')), channel: 'from' },
      },
    },
    { folder: home },
  )
}
