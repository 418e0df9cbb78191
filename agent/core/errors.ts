/**
 * The one base class of our errors. Callers branch on `code`, never on the class or the message;
 * `docs/errors/` has a page per code, checked in both directions by a test.
 */

/** Code → what it means, in one line. The page under docs/errors/ says more. */
export const ERROR_CODES = {
  // 1xxx: configuration
  FLM1101: 'the file cannot be read',
  FLM1102: 'the text is not valid YAML',
  FLM1103: 'a document is not an object of ours',
  FLM1201: 'a required key is missing',
  FLM1202: 'a value is not allowed',
  FLM1203: 'unknown key',
  FLM1204: 'not exactly one component type',
  FLM1205: 'a name is used twice',
  FLM1301: 'a reference names something that does not exist',
  FLM1302: 'a channel is read by no sink or fed by no source',
  FLM1303: 'a sink does not say which channel it drains',
  FLM1304: 'sizes that cannot work together',
  FLM1305: 'a regular expression that cannot run in linear time',
  FLM1306: 'the input defines several agents or none',
  FLM1307: 'a hop does not lead to one source of another agent',
  FLM1308: 'the addresses of an agent are not given',
  FLM1309: 'dead letters have no channel to wait in',
  FLM1310: 'two sources listen at the same port',
  FLM1311: 'the sinks of a group do not fit together',
  FLM1312: 'the two ends of a hop are configured differently',
  FLM1313: 'the directory of Secrets is not given',
  FLM1401: 'a plugin cannot be used',
  FLM1402: 'a plugin refuses its configuration',
  FLM1501: 'a delivered flow cannot be read',
  FLM1502: 'a delivered flow has a newer format',
  FLM1503: 'a Secret that a flow refers to is not there',
  // 2xxx: channel
  FLM2101: 'the channel is in use by another process',
  FLM2102: 'the channel cannot be opened: its newest segments are damaged',
  FLM2103: 'the channel was written by a newer version',
  FLM2201: 'a write or sync of the channel failed',
  FLM2202: 'the disk is full',
  FLM2203: 'the batch is larger than the channel takes',
  FLM2204: 'the channel is closed',
  FLM2205: 'events cannot be read back from the channel',
  FLM2301: 'corrupt bytes were found and quarantined',
  // 3xxx: sources
  FLM3102: 'a file cannot be read',
  FLM3201: 'a source cannot listen at its address',
  // 4xxx: sinks
  FLM4101: 'a sink could not start',
  FLM4201: 'writing to the target failed',
  FLM4202: 'a sink of a group takes too long',
  FLM4301: 'a peer cannot be reached',
  FLM4302: 'a peer did not answer in time',
  FLM4303: 'the connection to a peer was lost',
  FLM4304: 'a peer refused events',
  FLM4305: 'a peer does not speak Avro RPC',
  FLM4306: 'a write was called off',
  FLM4307: 'the name of a pool has no address',
  // 5xxx: the pipeline
  FLM5101: 'the source is stopping',
  FLM5102: 'a source has too much in flight',
  FLM5103: 'an optional channel has no room',
  FLM5108: 'a source turns its clients away for want of room',
  FLM5201: 'a component could not be made',
  FLM5202: 'a component did not stop in time',
  FLM5203: 'a channel cannot change its type',
  FLM5204: 'a memory channel keeps its old settings',
  FLM5105: 'the channels had no room in time',
  FLM5106: 'an interceptor gave up on events that have no dead-letter channel',
  FLM5107: 'the dead-letter channel does not take events',
  // 6xxx: the network
  FLM6101: 'bytes from the network are not Avro RPC',
  FLM6102: 'a message from the network is beyond a limit',
  FLM6103: 'the metadata of a request is not what an agent sends',
  FLM6104: 'a client asks for what this source does not offer',
  FLM6201: 'the files of TLS cannot be used',
  // 7xxx: the operator
  FLM7101: 'the API server cannot be reached',
  FLM7102: 'the API server did not answer in time',
  FLM7103: 'the API server refused a request',
  FLM7104: 'the API server failed or is overloaded',
  FLM7105: 'an answer of the API server cannot be used',
  FLM7106: 'the access to the API server is not configured',
  FLM7107: 'the leadership was lost',
  FLM7108: 'a reconciliation took too long',
  FLM7201: 'the operator saw an older state than there is',
  FLM7202: 'the kinds of the operator are not installed, or too old',
  // 9xxx: the process
  FLM9001: 'a part of the agent failed in a way it should not',
  FLM9101: 'the address of the admin server is in use',
  FLM9102: 'the admin server cannot listen at its address',
  FLM9103: 'the data directory cannot be used',
  FLM9104: 'no running agent was reached',
  FLM9105: 'a flow is held back after repeated crashes',
} as const

export type ErrorCode = keyof typeof ERROR_CODES

/** An event of a write that the target will never take, by its place in the batches of the write. */
export interface FailingEvent {
  readonly batch: number
  readonly event: number
  /** One sentence for people. */
  readonly reason: string
}

export interface FlumeErrorOptions {
  /** Whether the same call may succeed later. */
  readonly retryable: boolean
  /** For writes to a target: whether it certainly did not happen, or may have. Default 'none'. */
  readonly outcome?: 'none' | 'unknown'
  /** For writes that failed for good with outcome 'none': the events that are to blame, where known. */
  readonly failing?: readonly FailingEvent[]
  readonly cause?: unknown
  /** Facts of this occurrence: paths, sizes, names. Never secrets. */
  readonly facts?: Readonly<Record<string, unknown>>
}

export class FlumeError extends Error {
  override readonly name = 'FlumeError'
  readonly code: ErrorCode
  readonly retryable: boolean
  readonly outcome: 'none' | 'unknown'
  readonly failing: readonly FailingEvent[]
  readonly facts: Readonly<Record<string, unknown>>

  /** `message` says what was tried, on what, and what to do. */
  constructor(code: ErrorCode, message: string, options: FlumeErrorOptions) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable
    this.outcome = options.outcome ?? 'none'
    this.failing = options.failing ?? []
    this.facts = options.facts ?? {}
  }
}

/** Anything thrown, as an error of ours; what is not ours becomes FLM9001 and is not retryable. */
export function toFlumeError(thrown: unknown): FlumeError {
  if (thrown instanceof FlumeError) return thrown
  const message = thrown instanceof Error ? thrown.message : String(thrown)
  return new FlumeError('FLM9001', message, { retryable: false, cause: thrown })
}

/** The POSIX code of a system error (ENOSPC, EIO, …), or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : undefined
}
