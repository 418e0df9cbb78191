import { FlumeError, systemCode } from '../../core/errors.ts'

export function notWritten(why: string): FlumeError {
  return new FlumeError('FLM4201', `nothing was written: ${why}`, { retryable: true })
}

/** `outcome` 'unknown': a part of what was to be written may be in the file and stay there. */
export function writeFailed(path: string, cause: unknown, outcome: 'none' | 'unknown'): FlumeError {
  return new FlumeError(
    'FLM4201',
    `writing to ${path} failed: ${messageOf(cause)}; ${cureFor(cause)}`,
    { retryable: true, outcome, cause, facts: { path } },
  )
}

/** `directory`: the configured one; `previous`: that of the saved state, which may be another. */
export function startFailed(
  directory: string,
  previous: string | undefined,
  cause: unknown,
): FlumeError {
  return new FlumeError(
    'FLM4101',
    `preparing the directory ${directory} of the file sink failed: ${messageOf(cause)}; ${cureFor(cause)}`,
    { retryable: true, cause, facts: { directory, previous } },
  )
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause)
}

function cureFor(cause: unknown): string {
  const code = systemCode(cause) ?? ''
  if (['EACCES', 'EPERM', 'EROFS'].includes(code)) return 'let the user of the agent write there'
  if (['ENOTDIR', 'EEXIST', 'EISDIR'].includes(code)) {
    return 'something else stands where the sink needs a directory or a file; move it away or change "directory"'
  }
  if (code === 'EIO') return 'look at the health of the disk, for example in the kernel log'
  return 'free space on its file system if it is full; the sink tries again by itself'
}
