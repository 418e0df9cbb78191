import type { AgentPlan, SinkGroupPlan, SinkPlan } from '../../agent/core/plan.ts'
import { failoverSinkGroupSchema } from '../../agent/sink-groups/failover/config.ts'
import { loadBalanceSinkGroupSchema } from '../../agent/sink-groups/load-balance/config.ts'
import type { FileSinkConfig } from '../../agent/sinks/file/config.ts'
import { isRefused, isUnwritable } from './delivery-parts.ts'
import type { MoodySinkConfig } from './delivery-sinks.ts'
import type { SeededRandom } from './random.ts'

const DEAD = 'dead'

/** A flow, and which events must come out of which of its channels. */
export interface DeliveryPlan {
  readonly agent: AgentPlan
  readonly channels: readonly string[]
  /** Channels whose sinks write to a target elsewhere, not into files. */
  readonly remote: readonly string[]
  readonly belongs: (key: string, channel: string) => boolean
}

/**
 * Two streams into one or two channels, each channel with one or two sinks that write files, side by side or
 * in a group. In half of the
 * runs with a channel for dead letters: an interceptor gives up on some events, or the sinks of the first
 * channel do.
 */
export function planOf(random: SeededRandom): DeliveryPlan {
  const main = random.pick([['one'], ['one', 'two']])
  const letters = random.chance(0.5)
  const intercepts = letters && random.chance(0.6)
  const givesUp = letters ? random.pick(['named', 'unnamed', 'no'] as const) : 'no'
  const channels = letters ? [...main, DEAD] : main
  const hangs = random.pick([0, 0, 0.1, 0.3])
  const remote = random.chance(0.4) ? ['one'] : []
  const sinksEach = random.pick([1, 1, 2])
  const sinks = channels.flatMap((channel) =>
    Array.from({ length: sinksEach }, (_, i) => ({
      name: `${channel}-${i}`,
      type: 'moody',
      channel,
      config: {
        hangs,
        givesUp: channel === 'one' ? givesUp : ('no' as const),
        file: remote.includes(channel) ? undefined : fileConfig(random, `${channel}/${i}`),
      } satisfies MoodySinkConfig,
    })),
  )
  const flow = {
    name: 'f',
    hash: '1',
    sources: [0, 1].map((i) => ({
      name: `in${i}`,
      type: 'stream',
      config: i,
      interceptors: intercepts ? [{ type: 'refusing', config: {} }] : [],
      selector: { type: 'replicating', config: { optional: [] } },
      channels: main,
      routing: 'r',
    })),
    channels: channels.map((name) => ({ name, type: 'file', config: {} })),
    ...(letters ? { deadLetterChannel: DEAD } : {}),
    sinks,
    sinkGroups: groupsOf(
      sinks,
      sinksEach === 2 ? random.pick(['single', 'failover', 'loadBalance']) : 'single',
    ),
  }
  const belongs = (key: string, channel: string): boolean => {
    const refused = intercepts && isRefused(key)
    const unwritable = givesUp !== 'no' && isUnwritable(key)
    if (channel === DEAD) return refused || unwritable
    return !refused && !(unwritable && channel === 'one')
  }
  return { agent: { name: 'a', flows: [flow] }, channels, remote, belongs }
}

/** Each sink for itself, or those of a channel together. */
function groupsOf(sinks: readonly SinkPlan[], type: string): SinkGroupPlan[] {
  if (type === 'single') {
    const config = { backoffMin: 100, backoffMax: 1000 }
    return sinks.map(({ name, channel }) => ({ name, type, config, channel, sinks: [name] }))
  }
  return [...Map.groupBy(sinks, ({ channel }) => channel)].map(([channel, members]) => {
    const names = members.map(({ name }) => name)
    const priorities = names.map((sink, i) => ({ sink, priority: -i }))
    const config =
      type === 'failover'
        ? failoverSinkGroupSchema.parse({ priorities })
        : loadBalanceSinkGroupSchema.parse({})
    return { name: channel, type, config, channel, sinks: names }
  })
}

function fileConfig(random: SeededRandom, directory: string): FileSinkConfig {
  return {
    directory: `/data/out/${directory}`,
    format: 'text',
    filePrefix: '',
    fileSuffix: '.log',
    rollInterval: random.pick([0, 10_000]),
    rollSize: random.pick([0, 500, 5000]),
  }
}
