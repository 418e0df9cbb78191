import type { ChannelLimits } from '../core/channel.ts'
import { FlumeError } from '../core/errors.ts'
import { STALLED_MS } from './room-watch.ts'

/** Why an intake does not take a batch. */

export interface SourceName {
  readonly flow: string
  readonly source: string
}

export function noRoomError({ flow, source }: SourceName, events: number): FlumeError {
  return new FlumeError(
    'FLM5105',
    `flow ${flow}: source ${source}: ${events} events found no room in its channels in time and were not taken; send them again`,
    { retryable: true, facts: { flow, source, events } },
  )
}

export function tooMuchError(
  { flow, source }: SourceName,
  batches: number,
  bytes: number,
): FlumeError {
  return new FlumeError(
    'FLM5102',
    `flow ${flow}: source ${source} has ${batches} batches and ${bytes} bytes in flight; wait for receipts before emitting more`,
    { retryable: true, facts: { flow, source, batches, bytes } },
  )
}

export function tooLargeError(
  { flow, source }: SourceName,
  events: number,
  { batchBytesMax }: ChannelLimits,
): FlumeError {
  return new FlumeError(
    'FLM2203',
    `flow ${flow}: source ${source} has ${events} events above the ${batchBytesMax} bytes its channels take; raise the channels' sizes or cut the events`,
    { retryable: false, facts: { flow, source, events, bytesMax: batchBytesMax } },
  )
}

export function turnsAwayError({ flow, source }: SourceName): FlumeError {
  return new FlumeError(
    'FLM5108',
    `flow ${flow}: source ${source} has had no room in its channels for ${STALLED_MS / 1000} s and does not listen until there is some, so that its clients go to other agents; see why its sinks do not keep up`,
    { retryable: true, facts: { flow, source } },
  )
}
