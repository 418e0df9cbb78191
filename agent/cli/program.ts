import { Command, CommanderError, Option } from 'commander'
import {
  agentAddressOption,
  agentOption,
  checkAddress,
  dataDirOption,
  fileOption,
  outputOption,
  pluginsDirOption,
} from './options.ts'
import { EXIT, print, printError } from './output.ts'
import { addRun, addUp } from './program-run.ts'
import type { Outcome, Shell } from './program-run.ts'
import type { StatusOptions } from './status-command.ts'
import { productVersion } from './version.ts'

const OUT = { stdout: print, stderr: printError }

/**
 * Runs the command line. Resolves to the exit code. Each command loads its implementation when it is
 * called: a long-running agent keeps nothing in memory for the commands beside it.
 */
export async function execute(args: readonly string[], shell: Shell): Promise<number> {
  const outcome: Outcome = { code: EXIT.clean }
  const program = new Command('flume')
    .description('Ships events from sources through durable channels to sinks.')
    .version(productVersion(), '-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ writeOut: print, writeErr: printError })
    .configureHelp({ showGlobalOptions: false })
    .showHelpAfterError('("flume help COMMAND" shows what it takes)')
    .addHelpText('after', EXAMPLES)
  addRun(program, outcome, shell)
  addUp(program, outcome, shell)
  addValidate(program, outcome)
  addComponents(program, outcome)
  addChannel(program, outcome)
  addStatus(program, outcome, shell)
  addVersion(program, outcome)
  addWarm(program, outcome)
  try {
    await program.parseAsync(args, { from: 'user' })
    return outcome.code
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Help that was asked for ends with 0; help shown because no command was given does not.
    return error.exitCode === 0 ? EXIT.clean : EXIT.usage
  }
}

const EXAMPLES = `
Examples:
  flume components tail            what the tail source takes, with a whole manifest to start from
  flume validate -f web-logs.yaml  checks a manifest without running it
  flume run -f web-logs.yaml       runs it until Ctrl-C
  flume up -f manifests/           runs all agents of a directory, and starts again those that end
  flume status --watch             shows how it is doing, from a second terminal
`

interface ValidateCommandOptions {
  readonly file: readonly string[]
  readonly agent?: string
  readonly agentAddress?: ReadonlyMap<string, readonly string[]>
  readonly pluginsDir?: string
  readonly output: 'text' | 'json'
}

function addValidate(program: Command, outcome: Outcome): void {
  program
    .command('validate')
    .summary('check manifests without running them')
    .description(
      'Checks manifests with the code that run uses and prints every mistake with its file and line.',
    )
    .addOption(fileOption())
    .addOption(agentOption())
    .addOption(agentAddressOption())
    .addOption(pluginsDirOption())
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  flume validate -f manifests/\n\nExit codes: 0 valid; 2 mistakes.\n',
    )
    .action(async (options: ValidateCommandOptions) => {
      const { validate } = await import('./validate.ts')
      const { file: files, agentAddress: addresses, pluginsDir, ...rest } = options
      const bindings = {
        ...(addresses === undefined ? {} : { addresses }),
        ...(pluginsDir === undefined ? {} : { pluginsDirectory: pluginsDir }),
      }
      outcome.code = await validate({ files, ...rest, ...bindings }, OUT)
    })
}

function addComponents(program: Command, outcome: Outcome): void {
  program
    .command('components')
    .summary('list components, or show one with its fields and an example')
    .description(
      'Without a name: all sources, interceptors, selectors, channels and sinks. With one: its fields, their defaults and a manifest that works.',
    )
    .argument('[name]', 'a type, such as tail; where several kinds have it, such as sink/file')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  flume components\n  flume components tail\n  flume components sink/file\n',
    )
    .action(async (name: string | undefined, { output }: { output: 'text' | 'json' }) => {
      const { components } = await import('./components.ts')
      outcome.code = components({ ...(name === undefined ? {} : { name }), output }, OUT)
    })
}

function addChannel(program: Command, outcome: Outcome): void {
  const channel = program
    .command('channel')
    .summary('look into the files of a channel')
    .description(
      'Reads the directory of a file channel, <data-dir>/<agent>-<ordinal>/<flow>/<channel>.',
    )
  channel
    .command('verify')
    .summary('check every record')
    .description(
      'Checks every record and says what waits, what is damaged and what was lost. It only reads: a running agent may have the channel open; then its newest records may be missing in the report.',
    )
    .argument('<dir>', 'directory of the channel')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  flume channel verify flume-data/hub-0/web-logs/default\n\nExit codes: 0 sound; 1 damaged or not readable; 2 no channel there.\n',
    )
    .action(async (directory: string, { output }: { output: 'text' | 'json' }) => {
      const { verify } = await import('./channel-command.ts')
      outcome.code = await verify({ directory, output }, await disk(), OUT)
    })
  channel
    .command('dump')
    .summary('print a line for every record')
    .description('Prints a line for every record, in the order of the log. It only reads.')
    .argument('<dir>', 'directory of the channel')
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  flume channel dump flume-data/hub-0/web-logs/default | less\n',
    )
    .action(async (directory: string, { output }: { output: 'text' | 'json' }) => {
      const { dump } = await import('./channel-command.ts')
      outcome.code = await dump({ directory, output }, await disk(), OUT)
    })
}

function addStatus(program: Command, outcome: Outcome, shell: Shell): void {
  program
    .command('status')
    .summary('show how running agents are doing')
    .description(
      'Shows for how long the oldest event waits, how much waits, how fast it goes, and what is wrong. Finds the agents of the data directory by itself.',
    )
    .addOption(
      new Option(
        '--admin <address>',
        'HOST:PORT of an agent on another machine or data directory',
      ).argParser(checkAddress),
    )
    .addOption(dataDirOption())
    .option('-w, --watch', 'show it again every second', false)
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExamples:\n  flume status\n  flume status --watch\n  flume status --admin 10.0.0.7:8081 --output json\n',
    )
    .action(async (options: Omit<StatusOptions, 'terminal'>) => {
      const { status } = await import('./status-command.ts')
      const { systemClock } = await import('../lib/clock.ts')
      outcome.code = await status({ ...options, terminal: shell.terminal.stdout }, systemClock, OUT)
    })
}

function addVersion(program: Command, outcome: Outcome): void {
  program
    .command('version')
    .summary('print the version')
    .addOption(outputOption())
    .action(async ({ output }: { output: 'text' | 'json' }) => {
      const { formatVersion } = await import('./version.ts')
      print(formatVersion(output))
      outcome.code = EXIT.clean
    })
}

/** For the launcher: see warm.ts. */
function addWarm(program: Command, outcome: Outcome): void {
  program.command('warm', { hidden: true }).action(async () => {
    const { warm } = await import('./warm.ts')
    await warm()
    outcome.code = EXIT.clean
  })
}

async function disk() {
  const { nodeDisk } = await import('../lib/disk.ts')
  return nodeDisk
}
