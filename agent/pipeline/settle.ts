import { FlumeError, toFlumeError } from '../core/errors.ts'
import type { Clock } from '../lib/clock.ts'

/** How long a component may take to stop before the pipeline goes on without it. */
export const COMPONENT_STOP_MS = 5_000

/** True when `promise` settled within `limitMs`, well or not. Never rejects. */
export function settlesWithin(
  promise: Promise<unknown>,
  limitMs: number,
  clock: Clock,
): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = clock.schedule(() => resolve(false), limitMs)
    const settled = (): void => {
      timer.clear()
      resolve(true)
    }
    promise.then(settled, settled)
  })
}

/** Stops a component; the error says how it failed to, if it did. */
export async function stopComponent(
  component: { stop(): Promise<void> },
  what: string,
  clock: Clock,
): Promise<unknown> {
  let failure: unknown
  const stopping = Promise.resolve()
    .then(() => component.stop())
    .catch((thrown: unknown) => {
      failure = thrown
    })
  if (await settlesWithin(stopping, COMPONENT_STOP_MS, clock)) return failure
  return new FlumeError(
    'FLM5202',
    `${what} did not stop within ${COMPONENT_STOP_MS} ms; the agent goes on without it`,
    { retryable: false },
  )
}

/** Resolves when the signal aborts; at once when it is. */
export function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** Calls one of the two when the promise settles. */
export function watch(
  promise: Promise<void>,
  onDone: () => void,
  onFailed: (error: FlumeError) => void,
): void {
  promise.then(onDone, (thrown: unknown) => onFailed(toFlumeError(thrown)))
}
