import { lookup } from 'node:dns/promises'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import type { Clock } from '../../lib/clock.ts'

/** After this time without a byte the kernel asks whether the peer is still there. */
const KEEP_ALIVE_MS = 30_000
/** Of one name. */
const ADDRESSES_MAX = 16

export interface SocketOptions {
  readonly host: string
  readonly port: number
  /** For all addresses of the name together. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/**
 * A TCP connection to the first address of a name that answers. Names are resolved for every connection,
 * as the system does it: a pod that moved is found where it is now. Rejects with the last failure; when the
 * signal aborts, with its reason.
 */
export async function openSocket(options: SocketOptions, signal: AbortSignal): Promise<Socket> {
  const { host, port, timeoutMs, clock } = options
  const deadlineMs = clock.monotonic() + timeoutMs
  const found = await beforeAbort(lookup(host, { all: true }), signal)
  const addresses = found.slice(0, ADDRESSES_MAX)
  let failure: unknown = new Error(`${host} has no address`)
  for (const [i, { address }] of addresses.entries()) {
    // An address that swallows everything leaves time for the others.
    const shareMs = (deadlineMs - clock.monotonic()) / (addresses.length - i)
    const attempt = new AbortController()
    const timer = clock.schedule(() => {
      attempt.abort(new Error(`no answer from ${address}:${port} within ${Math.round(shareMs)} ms`))
    }, shareMs)
    try {
      return await connected(address, port, AbortSignal.any([signal, attempt.signal]))
    } catch (thrown) {
      signal.throwIfAborted()
      failure = thrown
    } finally {
      timer.clear()
    }
  }
  throw failure
}

function connected(address: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, noDelay: true })
    socket.setKeepAlive(true, KEEP_ALIVE_MS)
    const abort = (): void => void socket.destroy(signal.reason as Error)
    const end = (): void => {
      signal.removeEventListener('abort', abort)
      socket.off('connect', succeed)
      socket.off('error', fail)
    }
    const succeed = (): void => {
      end()
      resolve(socket)
    }
    const fail = (error: Error): void => {
      end()
      reject(error)
    }
    socket.on('connect', succeed)
    socket.on('error', fail)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort)
  })
}

/** What cannot be called back is at least not waited for. */
function beforeAbort<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
