import { Pipeline } from '../../agent/pipeline/pipeline.ts'
import { createMetrics } from '../../agent/telemetry/metrics.ts'
import type { Metrics } from '../../agent/telemetry/metrics.ts'
import { ManualClock, turns } from './clock.ts'
import { SimDisk } from './disk.ts'
import { TestLog, TestParts } from './flow-parts.ts'
import { SeededRandom } from './random.ts'

/** A pipeline on a simulated disk and a clock that stands still, with parts the test controls. */
export class TestPipeline {
  readonly parts: TestParts
  readonly clock = new ManualClock()
  readonly log = new TestLog()
  readonly metrics: Metrics = createMetrics()
  readonly disk: SimDisk
  readonly pipeline: Pipeline

  constructor(before?: Pick<TestPipeline, 'parts' | 'disk'>) {
    this.parts = new TestParts()
    for (const [directory, store] of before?.parts.stores ?? [])
      this.parts.stores.set(directory, store)
    this.disk = before?.disk ?? new SimDisk({ random: new SeededRandom(2), latency: 'none' })
    this.pipeline = new Pipeline({
      agent: 'a',
      version: '0',
      dataDirectory: '/data/a-0',
      loader: this.parts.loader,
      disk: this.disk,
      clock: this.clock,
      random: new SeededRandom(1),
      log: this.log,
      metrics: this.metrics,
    })
  }

  flow(name = 'f') {
    return this.pipeline.status().flows.find((flow) => flow.name === name)!
  }

  /** Lets what is under way come to rest; time stands still. */
  settle(): Promise<void> {
    return turns(40)
  }

  /** Lets time pass in steps, and what it starts come to rest after each. */
  async pass(ms: number, steps = 10): Promise<void> {
    for (let i = 0; i < steps; i++) {
      this.clock.advance(ms / steps)
      await turns(20)
    }
  }

  /** As `Pipeline.stop`, with the clock moving on until it has ended. */
  stop(deadlineMs = 1000): Promise<{ readonly eventsLeft: number }> {
    return this.passUntil(this.pipeline.stop(deadlineMs), deadlineMs / 20)
  }

  /** Lets time pass in steps until `work` has settled, and gives its result. */
  async passUntil<Result>(work: Promise<Result>, stepMs: number): Promise<Result> {
    const state = { settled: false }
    const settled = (): void => {
      state.settled = true
    }
    work.then(settled, settled)
    for (let i = 0; i < 500 && !state.settled; i++) await this.pass(stepMs, 1)
    return work
  }
}
