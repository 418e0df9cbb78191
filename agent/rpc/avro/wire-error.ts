import { FlumeError } from '../../core/errors.ts'

/** Bytes that no Avro RPC peer sends. The connection they came from is of no further use. */
export function malformed(what: string): FlumeError {
  return new FlumeError('FLM6101', `reading Avro RPC from the network: ${what}`, {
    retryable: false,
  })
}

/** Something well formed that is larger than a limit; `cure` says which, and what to do. */
export function beyondLimit(what: string, cure: string): FlumeError {
  return new FlumeError('FLM6102', `reading Avro RPC from the network: ${what}; ${cure}`, {
    retryable: false,
  })
}
