import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Screen } from './screen.ts'
import { Story } from './story.ts'

/**
 * `npm start`: a web server writes and rotates an access log, the agent ships it into files; half-way
 * the agent is killed with SIGKILL and started again. At the end every line must be there once.
 *
 *   node examples/quickstart/run.ts [--seconds N] [--folder DIR]
 *
 * `--seconds`: how long lines are written, 20 by default. `--folder`: where, ./flume-quickstart by
 * default. Exits with 1 when a line is lost or repeated, 130 when interrupted.
 */
const root = join(import.meta.dirname, '..', '..')
const args = process.argv.slice(2)
const writeMs = 1000 * Number(option('--seconds') ?? 20)
const folder = option('--folder') ?? join(root, 'flume-quickstart')

const screen = new Screen({
  write: (text) => void process.stdout.write(text),
  terminal: process.stdout.isTTY,
  colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
})
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort())
}

// The folder may have been named by hand: only what an earlier run made in it is removed.
for (const name of ['logs', 'out', 'data', 'agent.log']) {
  rmSync(join(folder, name), { recursive: true, force: true })
}
for (const name of ['logs', 'out']) mkdirSync(join(folder, name), { recursive: true })

const story = new Story({ root, folder, screen, writeMs, signal: interruption.signal })
try {
  process.exitCode = (await story.run()) ? 0 : 1
} catch (error) {
  if (interruption.signal.aborted) {
    screen.line('Interrupted; the agent is stopped.')
    process.exitCode = 130
  } else {
    screen.line(screen.bad(`The example failed: ${(error as Error).message}`))
    screen.line(tail(join(folder, 'agent.log')))
    process.exitCode = 1
  }
} finally {
  await story.end()
}

function option(name: string): string | undefined {
  const at = args.indexOf(name)
  return at < 0 ? undefined : args[at + 1]
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(-20).join('\n')
  } catch {
    return `${file} cannot be read.`
  }
}
