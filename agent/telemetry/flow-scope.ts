import { AsyncLocalStorage } from 'node:async_hooks'

/**
 * Which flow the running code belongs to, carried along timers, promises and sockets. Only for telling
 * whose defect an error is that nobody caught; never for passing values.
 */
const scope = new AsyncLocalStorage<string>()

/** Runs `start`; everything it begins, now or later, counts as part of `flow`. */
export function runInFlow<Result>(flow: string, start: () => Result): Result {
  return scope.run(flow, start)
}

/** The flow of the running code; also inside handlers of uncaught errors. */
export function currentFlow(): string | undefined {
  return scope.getStore()
}
