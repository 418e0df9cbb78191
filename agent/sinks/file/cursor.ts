import { FlumeError } from '../../core/errors.ts'

/**
 * The state of the sink: how far its output is acknowledged. The files of one start of the sink form
 * a series, numbered from 1, that is written strictly in order; so one place in it says everything:
 *
 *   number - 1 and below     complete: every byte is acknowledged
 *   number                   the first `length` bytes are acknowledged, the rest is not
 *   number + 1 and above     nothing is acknowledged
 *
 * It travels in the record of the acknowledgement, and so never disagrees with it. A state that named
 * files one by one would have to be saved before each new file, while acknowledgements are on their way.
 */
export interface Cursor {
  /** Absolute path. Kept here, so that a changed configuration still repairs the old directory. */
  readonly directory: string
  /** What the names of the files begin with, up to the number. Unique to one start of one sink. */
  readonly series: string
  readonly suffix: string
  /** 0 while no file has been written. */
  readonly number: number
  readonly length: number
}

const KIND = 'file-sink'
const VERSION = 1

export function encodeCursor(cursor: Cursor): Buffer {
  return Buffer.from(JSON.stringify({ kind: KIND, version: VERSION, ...cursor }))
}

/**
 * undefined: the state is not of a file sink; the name belonged to a sink of another type before.
 * Throws FLM4101 on a state of a file sink that this version does not understand.
 */
export function decodeCursor(state: Buffer): Cursor | undefined {
  const value = parse(state)
  if (value?.['kind'] !== KIND) return undefined
  const { version, directory, series, suffix, number, length } = value
  if (
    version === VERSION &&
    typeof directory === 'string' &&
    typeof series === 'string' &&
    series !== '' &&
    typeof suffix === 'string' &&
    isCount(number) &&
    isCount(length)
  ) {
    return { directory, series, suffix, number, length }
  }
  throw new FlumeError(
    'FLM4101',
    `the saved state of the file sink has version ${String(version)} and cannot be read by this version, ` +
      `which knows version ${VERSION}; run the version that wrote it`,
    { retryable: false, facts: { state: state.toString() } },
  )
}

function parse(state: Buffer): Readonly<Record<string, unknown>> | undefined {
  try {
    return JSON.parse(state.toString()) as Readonly<Record<string, unknown>> | undefined
  } catch {
    // Not JSON, so not ours: other sinks are free in what they save.
    return undefined
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
