import type { FlowContext } from '../../agent/pipeline/flow-context.ts'
import { createMetrics } from '../../agent/telemetry/metrics.ts'
import { ManualClock } from './clock.ts'
import { SimDisk } from './disk.ts'
import { TestLog, TestParts } from './flow-parts.ts'
import { SeededRandom } from './random.ts'

/** What the parts of a flow share, all of it in the hands of a test. */
export function testContext() {
  const parts = new TestParts()
  const clock = new ManualClock()
  const log = new TestLog()
  const metrics = createMetrics()
  const random = new SeededRandom(1)
  const disk = new SimDisk({ random: new SeededRandom(2), latency: 'none' })
  const { loader } = parts
  const context: FlowContext = {
    flow: 'f',
    directory: '/a/f',
    loader,
    disk,
    clock,
    random,
    log,
    metrics,
  }
  return { context, parts, clock, log, metrics, disk }
}
