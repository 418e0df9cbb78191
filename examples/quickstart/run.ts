import { mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Screen } from './screen.ts'
import { Story } from './story.ts'

/**
 * `npm start`: a web server writes and rotates an access log; an edge hands its lines to two hubs, which
 * write them to files. One hub is killed with SIGKILL, the other one frozen with SIGSTOP, and the edge
 * killed too. At the end every line must be there, and no more of them twice than was promised.
 *
 *   node examples/quickstart/run.ts [--seconds N] [--folder DIR]
 *
 * `--seconds`: how long it is quiet before, between and after the three faults, 32 in all by default.
 * `--folder`: where, ./flume-quickstart by default. Exits with 1 when a line is lost or torn, when more are
 * repeated than promised or when a process is left; with 130 when interrupted.
 */
const root = join(import.meta.dirname, '..', '..')
const args = process.argv.slice(2)
const QUIETS = 4
const quietMs = (1000 * Number(option('--seconds') ?? 32)) / QUIETS
const folder = option('--folder') ?? join(root, 'flume-quickstart')

const screen = new Screen({
  write: (text) => void process.stdout.write(text),
  terminal: process.stdout.isTTY,
  columns: () => process.stdout.columns,
  colour: process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === '',
})
const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => interruption.abort())
}

// The folder may have been named by hand: only what an earlier run made in it is removed.
for (const name of ['logs', 'out', 'data', 'up.log']) {
  rmSync(join(folder, name), { recursive: true, force: true })
}
for (const name of ['logs', 'out']) mkdirSync(join(folder, name), { recursive: true })

const story = new Story({ root, folder, screen, quietMs, signal: interruption.signal })
try {
  process.exitCode = (await story.run()) ? 0 : 1
} catch (error) {
  if (interruption.signal.aborted) {
    screen.line('Interrupted; the agents are being stopped.')
    process.exitCode = 130
  } else {
    screen.line(screen.bad(`The example failed: ${(error as Error).message}`))
    screen.line(tail(join(folder, 'up.log')))
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
