import { join } from 'node:path'
import { Running } from '../running.ts'
import { ROOT } from '../work-folder.ts'
import { Scrape } from './scrape.ts'

const START_SECONDS_MAX = 60
/** Of its log, shown with a failure. */
const LOG_LINES = 15

export interface ProgramOptions {
  /** Names its log and, as that of a pod, itself. */
  readonly name: string
  readonly folder: string
  readonly kubeconfig: string
}

/** The operator as it is run: `bin/flume-operator`, as one of several that elect a leader. */
export class OperatorProgram extends Running {
  constructor({ name, folder, kubeconfig }: ProgramOptions) {
    const args = ['--leader-elect', '--lease-namespace', 'flume-system', '--image', 'flume:bench']
    args.push('--metrics', '127.0.0.1:0', '--health', '127.0.0.1:0')
    super(join(ROOT, 'bin', 'flume-operator'), args, {
      logFile: join(folder, `${name}.log`),
      env: { KUBECONFIG: kubeconfig, POD_NAME: name },
    })
  }

  /** Until all its caches are filled; resolves to milliseconds since it was started. */
  async synced(): Promise<number> {
    await this.#asked('health', '/readyz')
    return performance.now() - this.startedAtMs
  }

  /** Until it leads and works. */
  async working(): Promise<void> {
    await this.until('it works', () => this.log.includes('"msg":"operator working"') || undefined, {
      secondsMax: START_SECONDS_MAX,
    })
  }

  /** Does something in which this operator has a part; what fails is told with what it said and did. */
  async explain<Result>(work: () => Promise<Result>): Promise<Result> {
    try {
      return await work()
    } catch (cause) {
      const lines = this.log.split('\n').slice(-LOG_LINES).join('\n')
      const requests = await this.scrape().then(
        (scrape) => JSON.stringify([...scrape.requests()]),
        (error: unknown) => `its metrics cannot be read: ${String(error)}`,
      )
      throw new Error(`${String(cause)}\n${lines}\n${requests}`, { cause })
    }
  }

  async scrape(): Promise<Scrape> {
    return new Scrape(await this.#asked('metrics', '/metrics'))
  }

  /** Asks until the answer is 200. */
  async #asked(server: 'health' | 'metrics', path: string): Promise<string> {
    const port = await this.until(
      'it serves',
      () => new RegExp(`"${server}":(\\d+)`).exec(this.log)?.[1],
      { secondsMax: START_SECONDS_MAX },
    )
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}${path}`)
      const text = await response.text()
      if (response.ok) return text
      if (performance.now() - this.startedAtMs > 1000 * START_SECONDS_MAX)
        throw new Error(`${path}: ${response.status} ${text}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}
