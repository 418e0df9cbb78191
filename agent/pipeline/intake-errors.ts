import type { ChannelLimits } from '../core/channel.ts'
import { FlumeError } from '../core/errors.ts'

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
