import { constants } from 'node:os'
import { currentFlow } from '../telemetry/flow-scope.ts'
import type { Log } from '../telemetry/log.ts'
import { EXIT } from './output.ts'
import type { ProcessHooks } from './run.ts'

export interface AttachedProcess {
  /** Aborts at the first SIGTERM or SIGINT. */
  readonly signal: AbortSignal
  readonly hooks: ProcessHooks
  /** Stops the agent in order for another reason than a signal. */
  readonly stop: (reason: string) => void
}

/** A shell says 128 + the signal's number of a process that a signal ended: 130 for SIGINT. */
const SIGNAL_EXIT = 128

/**
 * Turns what happens to the process into calls: SIGTERM and SIGINT stop the agent in order, a second
 * one ends it at once; SIGHUP reloads. An error that nobody caught ends the process, since the state
 * it left behind is unknown and a channel recovers from a crash: it is logged, counted, and the
 * supervisor starts the agent again.
 */
export function attachProcess(log: Log, exit: (code: number) => never): AttachedProcess {
  const end = (code: number): never => {
    log.flush()
    return exit(code)
  }
  const stop = new AbortController()
  let reload: (() => void) | undefined
  let noteCrash: ((flow: string | undefined) => void) | undefined

  const onStop = (signal: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      log.logger.warn({ signal }, 'second signal; the agent ends without waiting')
      end(SIGNAL_EXIT + constants.signals[signal])
    }
    log.logger.info({ signal }, 'signal received')
    stop.abort()
  }
  process.on('SIGTERM', onStop)
  process.on('SIGINT', onStop)
  process.on('SIGHUP', () => {
    log.logger.info({ signal: 'SIGHUP' }, 'signal received')
    reload?.()
  })

  const onCrash = (error: unknown): void => {
    const flow = currentFlow()
    log.logger.error({ flow, error }, 'uncaught error; the agent ends and is to be started again')
    try {
      noteCrash?.(flow)
    } catch (failure) {
      log.logger.error({ error: failure }, 'the crash could not be counted')
    }
    end(EXIT.failure)
  }
  process.on('uncaughtException', onCrash)
  process.on('unhandledRejection', onCrash)

  return {
    signal: stop.signal,
    stop: (reason) => {
      if (stop.signal.aborted) return
      log.logger.warn({ reason }, 'agent is to stop')
      stop.abort()
    },
    hooks: {
      onReload: (call) => {
        reload = call
      },
      onCrash: (call) => {
        noteCrash = call
      },
    },
  }
}
