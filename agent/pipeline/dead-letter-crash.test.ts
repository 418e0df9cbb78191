import { describe, expect, test } from 'vitest'
import { turns } from '../../test/sim/clock.ts'
import { SimDisk } from '../../test/sim/disk.ts'
import { agentPlan, bodiesOf, flowPlan, streamBatch } from '../../test/sim/flow-parts.ts'
import type { TestParts } from '../../test/sim/flow-parts.ts'
import { SeededRandom } from '../../test/sim/random.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'
import { select } from '../core/batch.ts'
import type { Batch } from '../core/batch.ts'
import { FlumeError } from '../core/errors.ts'
import type { FailingEvent } from '../core/errors.ts'
import type { Intercepted } from '../core/interceptor.ts'

/*
 * The agent dies at any turn of the event loop: between the commit of a dead letter and the
 * acknowledgement of its lease, between the channels of one unit, before and after each sync. After the
 * restart every event was delivered or is a dead letter, and each dead letter is there once; only those
 * of a sink behind a memory channel may be there twice.
 */

const file = { type: 'file', config: { capacity: 8 * 2 ** 20 } }
const memory = { type: 'memory', config: { capacity: 1000, byteCapacity: 1 << 20 } }
const EVENTS = 24
const isBad = (body: string): boolean => Number(body) % 7 === 3
const ALL = Array.from({ length: EVENTS }, (_, i) => `${i}`)
const BAD = ALL.filter(isBad)

function refuse(batches: readonly Batch[], named: boolean): FlumeError | undefined {
  const failing = batches.flatMap((batch, at): FailingEvent[] =>
    bodiesOf(batch).flatMap((body, event) =>
      isBad(body) ? [{ batch: at, event, reason: 'bad' }] : [],
    ),
  )
  if (failing.length === 0) return undefined
  const options = { retryable: false, ...(named ? { failing } : {}) }
  return new FlumeError('FLM4201', 'never', options)
}

/** Gives up on what is bad. */
function sort(batch: Batch): Intercepted {
  const of = (wanted: boolean): Batch => {
    const indices = bodiesOf(batch).flatMap((body, i) => (isBad(body) === wanted ? [i] : []))
    return select(batch, Uint32Array.from(indices))
  }
  const letters = { batch: of(true), reason: 'bad', kind: 'invalid' as const }
  return { batch: of(false), deadLetters: [letters] }
}

type By = 'sink that names' | 'sink that does not' | 'interceptor'

function planOf(by: By, main: object) {
  const interceptors = by === 'interceptor' ? [{ type: 'test', config: {} }] : []
  const tiers = [
    { value: 'a', channels: ['c'], optional: [] },
    { value: 'b', channels: ['e'], optional: [] },
  ]
  const config = { header: 'to', mappings: tiers, default: [] }
  return flowPlan({
    channels: [
      { name: 'c', ...main },
      { name: 'e', ...file },
      { name: 'd', ...file },
    ],
    sources: [{ channels: ['c', 'e'], interceptors, selector: { type: 'multiplexing', config } }],
    sinks: [{}, { name: 'out-e', channel: 'e' }, { name: 'dead', channel: 'd' }],
    deadLetterChannel: 'd',
  })
}

async function begin(by: By, main: object, before?: Pick<TestPipeline, 'parts' | 'disk'>) {
  const agent = new TestPipeline(before)
  agent.parts.intercept = sort
  agent.parts.prepareSink = (sink, name) => {
    // The dead letters stay in their channel until they are counted.
    if (name === 'dead') sink.hold = true
    else if (by !== 'interceptor')
      sink.answer = (_, batches) => refuse(batches, by === 'sink that names')
  }
  await agent.pipeline.apply(agentPlan(planOf(by, main)))
  await agent.pass(500)
  return agent
}

const deliveredBy = (parts: TestParts): string[] =>
  ['out', 'out-e'].flatMap((name) => parts.sinks.get(name) ?? []).flatMap((sink) => sink.delivered)

/** Emits what comes behind the position, as a source does after any start. */
function feed({ parts }: TestPipeline): void {
  const { context } = parts.source('in')
  const from = context!.positions().get('s')?.offset ?? 0
  for (let at = from; at < EVENTS; at += 5) {
    const bodies = ALL.slice(at, Math.min(EVENTS, at + 5))
    const headers = bodies.map((body) => ({ to: Number(body) % 2 === 0 ? 'a' : 'b' }))
    context!.emit(streamBatch('s', at, bodies, headers))
  }
}

interface Crash {
  readonly disk: SimDisk
  readonly delivered: readonly string[]
}

/** One run, with an image of the disk at every few turns of the event loop. */
async function crashes(by: By, main: object, kind: 'kill' | 'power', seed: number) {
  const { parts } = new TestPipeline()
  // Calls of such a disk overtake each other: one channel is ahead of the other, now this, now that.
  const disk = new SimDisk({ random: new SeededRandom(seed), latency: 'mixed' })
  const agent = await begin(by, main, { parts, disk })
  const found: Crash[] = []
  feed(agent)
  for (let i = 0; i < 32; i++) {
    if (i % 8 === 7) agent.clock.advance(60)
    await turns(1)
    found.push({ disk: agent.disk.image(kind), delivered: deliveredBy(agent.parts) })
  }
  await agent.pass(3000, 40)
  found.push({ disk: agent.disk.image(kind), delivered: deliveredBy(agent.parts) })
  await agent.stop()
  return found
}

describe.each<By>(['sink that names', 'sink that does not', 'interceptor'])('%s', (by) => {
  const cases = [
    ['kill', 'file', file],
    ['power', 'file', file],
    ['kill', 'memory', memory],
  ] as const
  test.each(cases)(
    '%s, %s channel: all are somewhere, dead letters once',
    async (kind, _, main) => {
      const found = [...(await crashes(by, main, kind, 1)), ...(await crashes(by, main, kind, 2))]
      const letters = new Set<number>()
      for (const { disk, delivered } of found) {
        const before = new TestPipeline()
        const agent = await begin(by, main, { parts: before.parts, disk })
        letters.add(agent.flow().channels.find(({ name }) => name === 'd')!.stats!.backlogEvents)
        feed(agent)
        await agent.pass(4000, 40)
        const sink = agent.parts.sink('dead')
        sink.hold = false
        for (const held of sink.held) held.settle()
        await agent.pass(1000, 10)
        const dead = agent.parts.sinks.get('dead')!.flatMap((each) => each.delivered)
        // What was in memory comes again from the source with other ids, and is nobody's repeat.
        const once = by !== 'interceptor' && main === memory ? [...new Set(dead)] : dead
        expect(once.toSorted()).toEqual(BAD.toSorted())
        const all = new Set([...delivered, ...deliveredBy(agent.parts)])
        expect([...all].sort()).toEqual(ALL.filter((body) => !isBad(body)).sort())
        expect(agent.flow().channels.map(({ stats }) => stats!.backlogEvents)).toEqual([0, 0, 0])
        await agent.stop()
      }
      // The crashes came before, between and after the dead letters.
      expect(letters.size).toBeGreaterThan(1)
    },
  )
})
