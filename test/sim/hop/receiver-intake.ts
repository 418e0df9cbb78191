import type { Channel } from '../../../agent/core/channel.ts'
import { tightest } from '../../../agent/pipeline/cut.ts'
import { Intake } from '../../../agent/pipeline/intake.ts'
import { SourceEvents } from '../../../agent/telemetry/events.ts'
import { TestLog } from '../flow-parts.ts'
import type { ProcessContext } from './node.ts'
import { selectorOf } from './routing.ts'
import type { Routing } from './routing.ts'
import { METRICS } from './world.ts'

/** What the pipeline puts between a source and its channels. */
export function intakeOf(
  routing: Routing,
  open: (channel: string) => Channel,
  { clock, random }: ProcessContext,
): Intake {
  const channels = routing.channels.map((name) => [name, open(name)] as const)
  const intake = new Intake({
    flow: 'flow',
    source: 'in',
    routingHash: routing.hash,
    channels: new Map(
      channels.map(([name, channel]) => [
        name,
        { channel, append: (batch, room) => channel.append(batch, room) },
      ]),
    ),
    requiredChannels: routing.channels,
    interceptors: [],
    selector: selectorOf(routing),
    limits: tightest(channels.map(([, channel]) => channel.limits)),
    clock,
    random: random.fork(),
    events: new SourceEvents('flow', 'in', { log: new TestLog(), metrics: METRICS }),
  })
  intake.begin(`1.${routing.hash}`, [])
  return intake
}
