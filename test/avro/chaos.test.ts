import { describe, expect, test } from 'vitest'
import type { AvroClientSink } from '../../agent/rpc/avro/client-sink.ts'
import { ManualClock } from '../sim/clock.ts'
import { SeededRandom } from '../sim/random.ts'
import { NEVER, eventsFrom, passUntil, serversOf, settling, sinkTo } from './fixture.ts'
import type { Reaction } from './scripted-server.ts'

/*
 * A sink and three receivers that do anything, on real sockets, with time in the hands of the test. Leases
 * that failed are written again, cut in other places, as a channel does. A seed repeats the script, though
 * not the order in which sockets are read.
 */

const EVENTS = 600
const SEEDS = Array.from({ length: 12 }, (_, i) => i + 1)
/** Times a lease is written before the receivers have to behave. */
const UNRULY_WRITES = 40

interface Run {
  readonly random: SeededRandom
  readonly sink: AvroClientSink
  readonly clock: ManualClock
  /** How often each event was taken by a receiver. */
  readonly taken: number[]
  /** Whether the receivers still do what they want. */
  unruly: boolean
}

/** A turn of the event loop takes as long as it wants: no answer must seem late for that. */
const NO_TIMEOUT = 1e9

async function runOf(
  seed: number,
  reactions: readonly Reaction[],
  timeouts = { requestTimeout: NO_TIMEOUT, connectTimeout: NO_TIMEOUT },
): Promise<Run> {
  const random = new SeededRandom(seed)
  const servers = await serversOf(3)
  const clock = new ManualClock()
  const taken = Array.from({ length: EVENTS }, () => 0)
  const config = {
    batchSize: 1 + Math.floor(random.number() * 20),
    maxInFlight: 20 + Math.floor(random.number() * 100),
    connections: 1 + Math.floor(random.number() * 3),
    ...timeouts,
  }
  const sink = await sinkTo(servers, config, clock)
  const run = { random, sink, clock, taken, unruly: true }
  for (const server of servers)
    server.react = ({ events }) => {
      const choice = Math.floor(random.number() * reactions.length)
      const reaction = run.unruly ? reactions[choice]! : 'OK'
      // What is never answered may have been taken all the same.
      const isTaken = reaction === 'OK' || (reaction !== 'FAILED' && random.number() < 0.5)
      if (isTaken) for (const { body } of events) taken[Number(body)]!++
      return reaction
    }
  return run
}

/** Writes all events, a few leases at a time, until every one of them was delivered. */
async function deliverAll(run: Run): Promise<void> {
  const { random, sink, clock } = run
  const leases: [first: number, count: number][] = []
  for (let first = 0; first < EVENTS;) {
    const count = Math.min(EVENTS - first, 1 + Math.floor(random.number() * 60))
    leases.push([first, count])
    first += count
  }
  let writes = 0
  const deliver = async (): Promise<void> => {
    for (let lease = leases.shift(); lease !== undefined; lease = leases.shift()) {
      const [first, count] = lease
      run.unruly = ++writes <= UNRULY_WRITES
      try {
        await sink.write([eventsFrom(first, count)], NEVER)
      } catch {
        const cut = Math.floor(random.number() * count)
        if (cut > 0) leases.push([first, cut])
        leases.push([first + cut, count - cut])
      }
    }
  }
  const delivering = Promise.all([deliver(), deliver(), deliver(), deliver()])
  await passUntil(clock, settling(delivering))
  await delivering
}

describe('receivers that refuse at will', () => {
  test.each(SEEDS)('every event is taken once, seed %i', async (seed) => {
    const run = await runOf(seed, ['OK', 'OK', 'FAILED'])
    await deliverAll(run)
    expect(run.taken).toEqual(Array.from({ length: EVENTS }, () => 1))
  })
})

describe('receivers that break off, hang, refuse and answer nonsense at will', () => {
  test.each(SEEDS)('every event is taken, seed %i', async (seed) => {
    const nonsense = Buffer.from('ffffffffffffffffffffffff', 'hex')
    const reactions: Reaction[] = ['OK', 'OK', 'OK', 'FAILED', 'UNKNOWN', { error: 'x' }]
    const timeouts = { requestTimeout: 5000, connectTimeout: 5000 }
    const run = await runOf(seed, [...reactions, 'close', 'silence', nonsense], timeouts)
    await deliverAll(run)
    expect(run.taken.filter((times) => times === 0)).toEqual([])
  })
})
