import { bodyAt, select } from '../../../agent/core/batch.ts'
import type { Batch } from '../../../agent/core/batch.ts'
import type { Part, Selector } from '../../../agent/core/selector.ts'
import { copyInBody } from '../channel-model.ts'

/** Interceptors and selector of a receiver: which channels get an event. */
export interface Routing {
  /** '' when it is not deterministic. */
  readonly hash: string
  /** The channels it names, in order. */
  readonly channels: readonly string[]
  readonly channelsOf: (key: string) => readonly string[]
}

const PARITY: readonly (readonly string[])[] = [['c1'], ['c2']]

/** The first is the usual one; changes go anywhere, and back. */
export const ROUTINGS: readonly Routing[] = [
  { hash: 'parity', channels: ['c1', 'c2'], channelsOf: (key) => PARITY[numberOf(key) % 2]! },
  {
    hash: 'reversed',
    channels: ['c1', 'c2'],
    channelsOf: (key) => PARITY[1 - (numberOf(key) % 2)]!,
  },
  { hash: 'both', channels: ['c1', 'c2'], channelsOf: () => ['c1', 'c2'] },
  { hash: 'one', channels: ['c1'], channelsOf: () => ['c1'] },
  { hash: 'some', channels: ['c1'], channelsOf: (key) => (numberOf(key) % 5 === 0 ? [] : ['c1']) },
  { hash: '', channels: ['c1', 'c2'], channelsOf: (key) => PARITY[numberOf(key) % 2]! },
]

export function selectorOf({ channels, channelsOf }: Routing): Selector {
  return (batch) =>
    channels
      .map((channel): Part => ({
        channel,
        required: true,
        batch: partOf(batch, channel, channelsOf),
      }))
      .filter((part) => part.batch.count > 0)
}

function partOf(batch: Batch, channel: string, channelsOf: Routing['channelsOf']): Batch {
  const indices: number[] = []
  for (let i = 0; i < batch.count; i++)
    if (channelsOf(copyInBody(bodyAt(batch, i))).includes(channel)) indices.push(i)
  return select(batch, Uint32Array.from(indices))
}

/** `edge1.17` → 17. */
function numberOf(key: string): number {
  return Number(key.slice(key.indexOf('.') + 1))
}
