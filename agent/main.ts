import { isatty } from 'node:tty'
import { OutputClosed } from './cli/output.ts'
import { execute } from './cli/program.ts'

/** The process: the only file that reads the environment and the arguments, and that exits. */
const exit = (code: number): never => process.exit(code)

try {
  const code = await execute(process.argv.slice(2), {
    terminal: { stdout: isatty(1), stderr: isatty(2) },
    colour: (process.env['NO_COLOR'] ?? '') === '' && process.env['TERM'] !== 'dumb',
    exit,
  })
  exit(code)
} catch (error) {
  if (error instanceof OutputClosed) exit(0)
  throw error
}
