import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { Flume, avroSink, avroSource } from '../../hack/bench/flume.ts'
import type { FlumeAgent, Properties } from '../../hack/bench/flume.ts'
import { freePort, listening } from '../../hack/bench/free-port.ts'
import { Ours, avroHop, avroIntake } from '../../hack/bench/ours.ts'
import type { FlowSpec } from '../../hack/bench/ours.ts'
import { endAll, pause } from '../../hack/bench/running.ts'
import { Tally } from './events.ts'
import type { Received } from './events.ts'
import { feed } from './feed.ts'
import { makeKeys } from './keys.ts'
import type { Keys } from './keys.ts'
import { flumeOutput, ourOutput } from './outputs.ts'
import { flumeChannel, flumeRecords, folderOf, needsFlume, ourRecords } from './peers.ts'

/**
 * 100,000 events each way between the real Flume and us in each mode. Both agents have the same shape: a
 * plain Avro source that is fed, three sinks to the other agent, three sources from it, three
 * outputs with headers and bodies as they came. One JVM does for all.
 */
const EVENTS = 100_000
const SECONDS_MAX = 120
const LOOK_MS = 100
const MODES = ['plain', 'deflate', 'tls'] as const
type Mode = (typeof MODES)[number]
type Ports = Readonly<Record<Mode | 'feed', number>>

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'flume-avro-'))
})
afterEach(async () => {
  await endAll()
  rmSync(folder, { recursive: true })
})

test('events come through between the real Flume and us, each byte of them, in each mode', async (context) => {
  needsFlume(context)
  const keys = makeKeys(folder)
  const ports = { ours: await portsOf(), flume: await portsOf() }
  const ours = new Ours(oursSpec(ports.ours, ports.flume, keys), {
    folder: folderOf(folder, 'ours'),
  })
  const flume = new Flume(flumeSpec(ports.flume, ports.ours, keys), {
    folder: folderOf(folder, 'flume'),
    httpPort: await freePort(),
  })
  await listening(ours, ports.ours.feed)
  await feed(ports.ours.feed, EVENTS)
  await listening(flume, ports.flume.feed)
  await feed(ports.flume.feed, EVENTS)
  await delivered(ours, flume)
  await ours.stop()
  await flume.stop()
  for (const mode of MODES) {
    expect({ mode, ...found(ourOutput(out('ours', mode))) }).toEqual({ mode, ...RIGHT })
    expect({ mode, ...found(flumeOutput(out('flume', mode))) }).toEqual({ mode, ...RIGHT })
  }
})

const RIGHT = { wrong: [], missing: 0, repeated: 0 }

function found(events: Iterable<Received>) {
  const tally = new Tally(EVENTS)
  for (const event of events) tally.add(event)
  return { wrong: tally.wrong, missing: tally.missing, repeated: tally.repeated }
}

/** Until every output has as many events as were sent. */
async function delivered(ours: Ours, flume: Flume): Promise<void> {
  const counts = async (): Promise<number[]> => {
    const { channels } = (await ours.status()).flows[0]!
    const own = channels.filter(({ name }) => name.startsWith('from-'))
    const theirs = MODES.map((mode) => flume.metric(`SINK.out-${mode}`, 'EventDrainSuccessCount'))
    return [...own.map(({ stats }) => stats!.acknowledgedEvents), ...(await Promise.all(theirs))]
  }
  const deadlineMs = performance.now() + 1000 * SECONDS_MAX
  for (;;) {
    const seen = await counts()
    if (seen.every((count) => count >= EVENTS)) return
    if (performance.now() > deadlineMs) throw new Error(`only ${seen.join(', ')} events came`)
    await pause(LOOK_MS)
  }
}

async function portsOf(): Promise<Ports> {
  return {
    feed: await freePort(),
    plain: await freePort(),
    deflate: await freePort(),
    tls: await freePort(),
  }
}

function out(agent: 'ours' | 'flume', mode: Mode): string {
  return folderOf(folder, agent, 'out', mode)
}

function oursSpec(own: Ports, theirs: Ports, { certificate, key }: Keys): FlowSpec {
  const intake: Record<Mode, object> = {
    plain: {},
    deflate: { compression: 'deflate' },
    tls: { tls: { certificate, key } },
  }
  const hop: Record<Mode, object> = {
    plain: {},
    deflate: { compression: 'deflate' },
    tls: { tls: { ca: certificate } },
  }
  return {
    sources: [
      { name: 'feed', ...avroIntake(own.feed), channels: MODES.map((mode) => `to-${mode}`) },
      ...MODES.map((mode) => ({
        name: `from-${mode}`,
        avro: { ...avroIntake(own[mode]).avro, ...intake[mode] },
        channels: [`from-${mode}`],
      })),
    ],
    channels: MODES.flatMap((mode) => [
      { name: `to-${mode}`, file: {} },
      { name: `from-${mode}`, file: {} },
    ]),
    sinks: MODES.flatMap((mode) => [
      {
        name: `to-${mode}`,
        avro: { ...avroHop(theirs[mode]).avro, ...hop[mode] },
        channel: `to-${mode}`,
      },
      { name: `out-${mode}`, ...ourRecords(out('ours', mode)), channel: `from-${mode}` },
    ]),
  }
}

function flumeSpec(own: Ports, theirs: Ports, keys: Keys): FlumeAgent {
  const intake: Record<Mode, Properties> = {
    plain: {},
    deflate: { 'compression-type': 'deflate' },
    tls: {
      ssl: 'true',
      keystore: keys.keystore,
      'keystore-password': keys.password,
      'keystore-type': 'PKCS12',
    },
  }
  const hop: Record<Mode, Properties> = {
    plain: {},
    deflate: { 'compression-type': 'deflate' },
    tls: {
      ssl: 'true',
      truststore: keys.truststore,
      'truststore-password': keys.password,
      'truststore-type': 'PKCS12',
    },
  }
  const home = join(folder, 'flume')
  const perMode = <Value>(make: (mode: Mode) => readonly (readonly [string, Value])[]) =>
    Object.fromEntries(MODES.flatMap(make)) as Record<string, Value>
  return {
    sources: {
      feed: { ...avroSource(own.feed), channels: MODES.map((mode) => `to-${mode}`).join(' ') },
      ...perMode((mode) => [
        [
          `from-${mode}`,
          { ...avroSource(own[mode]), ...intake[mode], channels: `from-${mode}` },
        ] as const,
      ]),
    },
    channels: perMode((mode) =>
      [`to-${mode}`, `from-${mode}`].map((name) => [name, flumeChannel(home, name)] as const),
    ),
    sinks: perMode((mode) => [
      [`to-${mode}`, { ...avroSink(theirs[mode]), ...hop[mode], channel: `to-${mode}` }],
      [`out-${mode}`, { ...flumeRecords(out('flume', mode)), channel: `from-${mode}` }],
    ]),
  }
}
