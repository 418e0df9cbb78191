import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Position } from '../core/batch.ts'
import { resumePoints } from './positions.ts'
import type { ChannelPositions } from './positions.ts'

const at = (offset: number, routing: string): Position => ({ offset, routing, memo: 'm' })

const of = (name: string, positions: Record<string, Position>, required = true) => ({
  channel: name,
  required,
  positions: new Map(Object.entries(positions)),
})

const cases: readonly {
  readonly name: string
  readonly hash: string
  readonly channels: readonly ChannelPositions[]
  readonly offset: number | undefined
  readonly routing: string
  readonly commits: readonly string[]
}[] = [
  {
    name: 'nobody knows a stream: the source begins as it wants',
    hash: 'r',
    channels: [of('a', {}), of('b', {})],
    offset: undefined,
    routing: '1.r',
    commits: [],
  },
  {
    name: 'same routing: the lowest position counts, and nothing is committed',
    hash: 'r',
    channels: [of('a', { 's/f': at(5, '1.r') }), of('b', { 's/f': at(3, '1.r') })],
    offset: 3,
    routing: '1.r',
    commits: [],
  },
  {
    name: 'a channel that joins gets the resume point',
    hash: 'r',
    channels: [of('a', { 's/f': at(5, '1.r') }), of('b', {})],
    offset: 5,
    routing: '1.r',
    commits: ['b'],
  },
  {
    name: 'a changed routing begins in all channels at the lowest of the old ones',
    hash: 'r2',
    channels: [of('a', { 's/f': at(5, '1.r') }), of('b', { 's/f': at(3, '1.r') })],
    offset: 3,
    routing: '2.r2',
    commits: ['a', 'b'],
  },
  {
    name: 'a channel that left holds the lowest position while the routing is of its generation',
    hash: 'r2',
    channels: [of('a', { 's/f': at(5, '1.r') }), of('left', { 's/f': at(3, '1.r') }, false)],
    offset: 3,
    routing: '2.r2',
    commits: ['a'],
  },
  {
    name: 'a channel that left earlier than the newest generation holds nothing back',
    hash: 'r2',
    channels: [of('a', { 's/f': at(5, '2.r2') }), of('left', { 's/f': at(3, '1.r') }, false)],
    offset: 5,
    routing: '2.r2',
    commits: [],
  },
  {
    name: 'a channel that comes back joins: what it missed went elsewhere',
    hash: 'r',
    channels: [of('a', { 's/f': at(9, '2.r2') }), of('back', { 's/f': at(3, '1.r') })],
    offset: 9,
    routing: '3.r',
    commits: ['a', 'back'],
  },
  {
    name: 'a crash while a generation was begun: those that have it agree, the rest get it',
    hash: 'r2',
    channels: [of('a', { 's/f': at(3, '2.r2') }), of('b', { 's/f': at(7, '1.r') })],
    offset: 3,
    routing: '2.r2',
    commits: ['b'],
  },
  {
    name: 'a routing that is not deterministic is a generation each time',
    hash: '',
    channels: [of('a', { 's/f': at(5, '4.') })],
    offset: 5,
    routing: '5.',
    commits: ['a'],
  },
  {
    name: 'streams of other sources are not looked at',
    hash: 'r',
    channels: [of('a', { 'ss/f': at(5, '8.x'), 't/f': at(1, '1.r') })],
    offset: undefined,
    routing: '1.r',
    commits: [],
  },
]

describe('resume points', () => {
  for (const each of cases) {
    test(each.name, () => {
      const { streams, routing, commits } = resumePoints('s', each.hash, each.channels)
      expect(streams.get('f')?.offset).toBe(each.offset)
      expect(routing).toBe(each.routing)
      expect(commits.map((commit) => commit.channel)).toEqual(each.commits)
      for (const commit of commits) {
        expect(commit.stream).toBe('s/f')
        expect(commit.position).toEqual({ ...at(each.offset!, each.routing) })
      }
    })
  }
})

/**
 * A tiny model of channels and of one stream of events 1, 2, 3, …, each to be routed to one channel.
 * A run appends to each of its channels in order; a crash lets each keep a prefix of its own.
 */
interface Run {
  readonly channels: readonly number[]
  /** Event n goes to channels[hash(n, routing)]. */
  readonly routing: number
  readonly cut: number
  readonly events: number
  /** For each channel the share of its appends that were durable at the crash. */
  readonly durable: readonly number[]
  /** The crash comes while the positions are committed. */
  readonly early: boolean
}

const run = fc.record({
  channels: fc.uniqueArray(fc.integer({ min: 0, max: 2 }), { minLength: 1, maxLength: 3 }),
  routing: fc.integer({ min: 0, max: 3 }),
  cut: fc.integer({ min: 1, max: 4 }),
  events: fc.integer({ min: 1, max: 8 }),
  durable: fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
  early: fc.boolean(),
})

interface ModelChannel {
  position: Position | undefined
  readonly events: number[]
}

function target(event: number, { channels, routing }: Run): number {
  return channels[(event * 7 + routing * 3 + ((event * routing) >> 1)) % channels.length]!
}

function inOneRouting(each: Run): Run {
  return { ...each, channels: [0, 1, 2], routing: 1 }
}

function write(channel: ModelChannel, events: readonly number[], position: Position): void {
  const known = channel.position
  for (const event of events)
    if (known?.routing !== position.routing || event > known.offset) channel.events.push(event)
  if (known?.routing !== position.routing || known.offset < position.offset)
    channel.position = position
}

function play(runs: readonly Run[], deterministic: boolean): ModelChannel[] {
  const channels = [0, 1, 2].map((): ModelChannel => ({ position: undefined, events: [] }))
  for (const each of runs) {
    const hash = deterministic ? `${each.routing}:${each.channels.join()}` : ''
    const resume = resumePoints(
      's',
      hash,
      channels.map(({ position }, i) => ({
        channel: String(i),
        required: each.channels.includes(i),
        positions: new Map(position === undefined ? [] : [['s/f', position]]),
      })),
    )
    // A stream nobody knows is begun in all channels first, as the intake does.
    const begin = { offset: 0, routing: resume.routing, memo: '' }
    const known = resume.streams.get('f')
    const commits =
      known === undefined
        ? each.channels.map((name) => ({ channel: String(name), position: begin }))
        : resume.commits
    const done = each.early ? Math.floor(commits.length * each.durable[0]!) : commits.length
    for (const { channel, position } of commits.slice(0, done))
      write(channels[Number(channel)]!, [], position)
    if (each.early) continue
    const from = known?.offset ?? 0
    for (const name of each.channels) {
      const batches: [number[], number][] = []
      for (let start = from; start < from + each.events; start += each.cut) {
        const end = Math.min(start + each.cut, from + each.events)
        const events = Array.from({ length: end - start }, (_, i) => start + i + 1)
        batches.push([events.filter((event) => target(event, each) === name), end])
      }
      const durable = Math.floor((batches.length + 1) * each.durable[name]!)
      for (const [events, offset] of batches.slice(0, durable))
        write(channels[name]!, events, { offset, routing: resume.routing, memo: '' })
    }
  }
  return channels
}

describe('crashes between channels with changed selector, channels or batch cut', () => {
  for (const deterministic of [true, false]) {
    const kind = deterministic ? 'deterministic' : 'volatile'
    test(`no event is in no channel (${kind} routing)`, () => {
      fc.assert(
        fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
          // The last run has no crash and reads past everything that was read before.
          const last: Run = { ...runs.at(-1)!, durable: [1, 1, 1], early: false, events: 80 }
          const channels = play([...runs, last], deterministic)
          const everywhere = new Set(channels.flatMap(({ events }) => events))
          const reached = Math.max(...channels.map(({ position }) => position?.offset ?? 0))
          for (let event = 1; event <= reached; event++) expect(everywhere).toContain(event)
        }),
        { numRuns: 1000 },
      )
    })
  }

  test('with one routing each event is in its channel exactly once', () => {
    fc.assert(
      fc.property(fc.array(run, { minLength: 1, maxLength: 8 }), (runs) => {
        const same = runs.map(inOneRouting)
        const last = { ...same[0]!, durable: [1, 1, 1], early: false, events: 80 }
        const channels = play([...same, last], true)
        const all = channels.flatMap(({ events }) => events).sort((a, b) => a - b)
        expect(all).toEqual(Array.from({ length: all.length }, (_, i) => i + 1))
      }),
      { numRuns: 1000 },
    )
  })
})
