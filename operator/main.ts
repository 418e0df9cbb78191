import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { toFlumeError } from '../agent/core/errors.ts'
import { systemClock } from '../agent/lib/clock.ts'
import { systemRandom } from '../agent/lib/random.ts'
import { createLog } from '../agent/telemetry/log.ts'
import { parseOptions } from './controller/options.ts'
import { runOperator } from './controller/run.ts'
import { loadServer } from './kube/server.ts'

/** The process: the only file that reads the environment and the arguments, and that exits. */
const { version } = JSON.parse(
  readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
) as { readonly version: string }

const options = parseOptions(process.argv.slice(2), version)
if ('text' in options) {
  const stream = options.exitCode === 0 ? process.stdout : process.stderr
  stream.write(options.text)
  process.exit(options.exitCode)
}

const log = createLog({ level: options.logLevel, format: 'json', colour: false })
const end = (code: number): never => {
  log.flush()
  process.exit(code)
}

const stop = new AbortController()
for (const signal of ['SIGTERM', 'SIGINT'] as const)
  process.on(signal, () => {
    log.logger.info({ signal }, 'signal received')
    if (stop.signal.aborted) end(1)
    stop.abort()
  })
const onCrash = (error: unknown): void => {
  log.logger.error({ error }, 'uncaught error; the operator ends and is to be started again')
  end(1)
}
process.on('uncaughtException', onCrash)
process.on('unhandledRejection', onCrash)

try {
  const code = await runOperator(options, {
    server: loadServer({ env: process.env }),
    version,
    // A process that starts again in the same pod is another one.
    identity: `${process.env['POD_NAME'] ?? hostname()}_${systemRandom.bytes(4).toString('hex')}`,
    leaseNamespace: options.leaseNamespace ?? process.env['POD_NAMESPACE'] ?? 'default',
    clock: systemClock,
    random: systemRandom,
    log: log.logger,
    signal: stop.signal,
  })
  end(code)
} catch (error) {
  log.logger.error({ error: toFlumeError(error) }, 'operator failed')
  end(1)
}
