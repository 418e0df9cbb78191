import type { Selector } from '../../core/selector.ts'
import type { ReplicatingSelectorConfig } from './config.ts'

/** Every event goes to all channels; the optional ones may fail. Never touches an event. */
export function createSelector(
  config: ReplicatingSelectorConfig,
  channels: readonly string[],
): Selector {
  const optional = new Set(config.optional)
  const targets = [
    ...requiredChannels(config, channels).map((channel) => ({ channel, required: true })),
    ...channels
      .filter((channel) => optional.has(channel))
      .map((channel) => ({ channel, required: false })),
  ]
  return (batch) => targets.map(({ channel, required }) => ({ channel, required, batch }))
}

export function requiredChannels(
  config: ReplicatingSelectorConfig,
  channels: readonly string[],
): readonly string[] {
  return channels.filter((channel) => !config.optional.includes(channel))
}
