import type { FlowDraft } from './draft.ts'

/** The one channel of a flow that gives none. */
export const DEFAULT_CHANNEL = 'default'

/** Names of the channels; undefined where one is missing, so that nothing can be said of references. */
export function channelNames({ channels }: FlowDraft): readonly string[] | undefined {
  const names = channels?.map((channel) => channel.name) ?? [DEFAULT_CHANNEL]
  return names.length > 0 && names.every((name) => name !== undefined) ? names : undefined
}

/**
 * What a source without `channels` feeds: all but the channel of the dead letters, which would get
 * every event a second time.
 */
export function fedByDefault(
  names: readonly string[],
  deadLetterChannel: string | null | undefined,
): readonly string[] {
  return names.filter((name) => name !== deadLetterChannel)
}
