import { describe, expect, test } from 'vitest'
import { agentPlan, flowPlan, streamBatch } from '../../test/sim/flow-parts.ts'
import { TestPipeline } from '../../test/sim/test-pipeline.ts'

const file = { type: 'file', config: { capacity: 32 * 2 ** 20 } }
const memory = { type: 'memory', config: { capacity: 1000, byteCapacity: 1 << 20 } }

const shape = (channels: readonly { name: string; type: string; config: unknown }[]) =>
  flowPlan({
    channels,
    sources: [
      {
        selector: {
          type: 'multiplexing',
          config: {
            header: 'to',
            mappings: channels.map(({ name }) => ({ value: name, channels: [name], optional: [] })),
            default: [],
          },
        },
      },
    ],
    sinks: channels.map(({ name }) => ({ name: `out-${name}`, channel: name })),
  })

describe('a selector over real channels', () => {
  for (const other of [file, memory]) {
    test(`file and ${other.type}: positions agree after any mix, and nothing repeats`, async () => {
      const plan = agentPlan(
        shape([
          { name: 'a', ...file },
          { name: 'b', ...other },
        ]),
      )
      const agent = new TestPipeline()
      await agent.pipeline.apply(plan)
      await agent.pass(500)
      const lines = Array.from({ length: 60 }, (_, i) => ({ body: `${i}`, to: i % 3 ? 'a' : 'b' }))
      const emit = (of: TestPipeline, from: number, to: number): Promise<void>[] => {
        const receipts: Promise<void>[] = []
        for (let at = from; at < to; at++) {
          const { body, to: channel } = lines[at]!
          const batch = streamBatch('s', at, [body], [{ to: channel }])
          receipts.push(of.parts.source('in').context!.emit(batch).safe)
        }
        return receipts
      }
      const first = Promise.all(emit(agent, 0, 40))
      await agent.pass(2000, 40)
      await first
      await agent.stop()

      const again = new TestPipeline(agent)
      await again.pipeline.apply(plan)
      await again.pass(500)
      expect(again.flow().state).toBe('running')
      expect(again.parts.source('in').context!.positions().get('s')?.offset).toBe(40)
      // Read once more from further back, as after a crash: the channels know what they have.
      const second = Promise.all(emit(again, 20, 60))
      await again.pass(2000, 40)
      await second
      for (const name of ['a', 'b']) {
        const delivered = [agent, again].flatMap(({ parts }) => parts.sink(`out-${name}`).delivered)
        const wanted = lines.filter(({ to }) => to === name).map(({ body }) => body)
        expect(delivered).toEqual(wanted)
      }
      await again.stop()
    })
  }
})
