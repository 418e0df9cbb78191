import { collectDefaultMetrics, Registry } from 'prom-client'
import type { FlumeError } from '../../agent/core/errors.ts'
import type { Logger } from '../../agent/core/logger.ts'
import type { Clock } from '../../agent/lib/clock.ts'
import type { Random } from '../../agent/lib/random.ts'
import type { ApiServer } from '../kube/server.ts'
import { serve, textPage } from './endpoints.ts'
import { Operator } from './operator.ts'
import type { ProgramOptions } from './options.ts'

export interface RunOptions {
  readonly server: ApiServer
  readonly version: string
  /** Of this process, like no other's: the name of its pod. */
  readonly identity: string
  /** Where the lease is, if there is an election. */
  readonly leaseNamespace: string
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
  /** Its abort stops the operator in order. */
  readonly signal: AbortSignal
}

/** Runs the operator until `signal` aborts. Resolves to the exit code of the process. */
export async function runOperator(program: ProgramOptions, options: RunOptions): Promise<number> {
  const { signal, log, leaseNamespace } = options
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const lost = Promise.withResolvers<FlumeError>()
  const operator = new Operator({
    ...options,
    namespaces: program.namespaces,
    image: program.image,
    election: program.leaderElect
      ? { namespace: leaseNamespace, leaseDurationMs: program.leaseSeconds * 1000 }
      : undefined,
    concurrency: program.maxConcurrent,
    onLost: lost.resolve,
    registry,
  })
  const health = await serve(program.health, {
    '/livez': () => textPage(200, 'ok'),
    // Also of one that waits to lead: it is ready to.
    '/readyz': () =>
      operator.hasSynced ? textPage(200, 'ok') : textPage(503, 'the caches are being filled'),
  })
  const metrics = await serve(program.metrics, {
    '/metrics': async () => ({
      status: 200,
      contentType: registry.contentType,
      body: await registry.metrics(),
    }),
  })
  try {
    log.info({ health: health.port, metrics: metrics.port }, 'operator starting')
    await operator.start()
    const error = await Promise.race([lost.promise, aborted(signal)])
    if (error !== undefined) {
      // Another one leads: nothing may be written any more, not even to stop in order.
      log.error({ error }, 'operator ends')
      return 1
    }
    await operator.stop()
    log.info({ identity: options.identity }, 'operator stopped')
    return 0
  } catch (error) {
    log.error({ error }, 'operator failed')
    return 1
  } finally {
    await Promise.all([health.close(), metrics.close()])
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined)
    else signal.addEventListener('abort', () => resolve(undefined), { once: true })
  })
}
