import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { ChannelStatus } from '../../agent/core/status.ts'
import type { ReloadingAgent } from './reloading-agent.ts'
import { CHANNELS, FLOW } from './shape.ts'
import type { Shape } from './shape.ts'

type Role = ChannelStatus['role']

/**
 * What must be true of channels that left the configuration: each that is on disk is in the status
 * and in the metrics, with the role that follows from its sinks, and keeps its events.
 */
export class LeftChannels {
  readonly #directory: string
  /** Sinks that run, those of retiring channels included, and what they drain. */
  #sinks = new Map<string, string>()
  #active = new Set<string>()
  /** Events of orphaned channels when they were last seen; nothing takes any out. */
  #orphaned = new Map<string, number>()
  /** How often a channel was seen in each role. */
  readonly seen = new Map<string, number>()

  /** `directory` is the flow's, in which each channel has one. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** An agent starts with this shape: it knows nothing of earlier sinks. */
  restarted(shape: Shape): void {
    this.#sinks.clear()
    this.applied(shape)
  }

  /** The agent that runs went over to this shape. */
  applied(shape: Shape): void {
    this.#active = new Set(shape.channels.map(({ name }) => name))
    const names = new Set(shape.sinks.map(({ name }) => name))
    for (const [name, channel] of this.#sinks)
      if (names.has(name) || this.#active.has(channel)) this.#sinks.delete(name)
    for (const { name, channel } of shape.sinks) this.#sinks.set(name, channel)
    for (const channel of this.#orphaned.keys())
      if (this.#roleOf(channel) !== 'orphaned') this.#orphaned.delete(channel)
  }

  /** Whether there is one now. */
  some(): boolean {
    return this.#onDisk().some((name) => !this.#active.has(name))
  }

  async check(agent: ReloadingAgent): Promise<'alive' | 'dead'> {
    // One that is empty is removed, first from the status, then from the disk.
    const status = await agent.until('showing every channel that is on disk', ({ flows }) => {
      const shown = new Set(flows[0]!.channels.map(({ name }) => name))
      return this.#onDisk().every((name) => shown.has(name))
    })
    if (status === 'dead') return 'dead'
    const metrics = await agent.metrics()
    if (metrics === undefined) return 'dead'
    for (const channel of status.flows[0]!.channels) this.#checkOne(channel, metrics)
    return 'alive'
  }

  #checkOne({ name, role, stats }: ChannelStatus, metrics: string): void {
    const expected = this.#roleOf(name)
    if (role !== expected) throw new Error(`channel ${name} is ${role}, expected ${expected}`)
    const kind = (stats?.backlogEvents ?? 0) > 0 && role !== 'active' ? `${role} with events` : role
    this.seen.set(kind, (this.seen.get(kind) ?? 0) + 1)
    if (role === 'active' || stats === undefined) return
    // A retiring one drains meanwhile, and an empty one may be gone.
    if (role !== 'orphaned') return
    const before = this.#orphaned.get(name) ?? 0
    if (stats.backlogEvents < before)
      throw new Error(`orphaned channel ${name} has ${stats.backlogEvents} of ${before} events`)
    this.#orphaned.set(name, stats.backlogEvents)
    if (stats.backlogEvents === 0) return
    const labels = `flow="${FLOW}",channel="${name}"`
    const wanted = [
      `flume_channel_events{${labels}} ${stats.backlogEvents}`,
      `flume_channel_role{${labels},role="orphaned"} 1`,
    ]
    for (const line of wanted)
      if (!metrics.split('\n').includes(line)) throw new Error(`the metrics do not say: ${line}`)
  }

  #roleOf(channel: string): Role {
    if (this.#active.has(channel)) return 'active'
    return [...this.#sinks.values()].includes(channel) ? 'retiring' : 'orphaned'
  }

  #onDisk(): readonly string[] {
    if (!existsSync(this.#directory)) return []
    const names = readdirSync(this.#directory)
    return CHANNELS.filter(
      (name) => names.includes(name) && existsSync(join(this.#directory, name, 'channel.json')),
    )
  }
}
