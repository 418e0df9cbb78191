import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { LogFormat, LogLevel } from '../telemetry/log-options.ts'
import { DEFAULT_ADMIN_ADDRESS, parseAddress } from './address.ts'
import { EXIT, print, printError } from './output.ts'
import type { RunCommandOptions } from './run-command.ts'
import type { StatusOptions } from './status-command.ts'
import { productVersion } from './version.ts'

/** What the process is to the commands. */
export interface Shell {
  /** Whether a person reads the standard output or error output. */
  readonly terminal: { readonly stdout: boolean; readonly stderr: boolean }
  /** Whether colours are wanted where a person reads. */
  readonly colour: boolean
  readonly exit: (code: number) => never
}

/** What a command ends with; set by its action. */
interface Outcome {
  code: number
}

const OUT = { stdout: print, stderr: printError }
const DEFAULT_DATA_DIR = './flume-data'
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const LOG_FORMATS: readonly LogFormat[] = ['json', 'text']

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
  addValidate(program, outcome)
  addComponents(program, outcome)
  addChannel(program, outcome)
  addStatus(program, outcome, shell)
  addVersion(program, outcome)
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
  flume status --watch             shows how it is doing, from a second terminal
`

const fileOption = (): Option =>
  new Option(
    '-f, --file <path...>',
    'manifests: files, directories of .yaml files, or - for the standard input',
  ).makeOptionMandatory()

const agentOption = (): Option =>
  new Option('--agent <name>', 'which agent of the input; needed when it defines several')

const outputOption = (): Option =>
  new Option('--output <format>', 'for people or for programs')
    .choices(['text', 'json'])
    .default('text')

const dataDirOption = (): Option =>
  new Option('--data-dir <dir>', 'where agents keep their channels').default(DEFAULT_DATA_DIR)

function addRun(program: Command, outcome: Outcome, shell: Shell): void {
  program
    .command('run')
    .summary('run an agent in this process')
    .description(
      'Runs one agent until SIGTERM or Ctrl-C, which let it deliver what is in memory first. A changed file, or SIGHUP, is checked and then applied to the flows it concerns; a file with mistakes changes nothing.',
    )
    .addOption(fileOption())
    .addOption(agentOption())
    .addOption(dataDirOption())
    .addOption(
      new Option('--ordinal <n>', 'number of this replica, part of its directory')
        .argParser(parseOrdinal)
        .default(0),
    )
    .addOption(
      new Option(
        '--admin <address>',
        'where to serve /livez, /readyz, /metrics, /status; port 0: a free one',
      )
        .argParser(checkAddress)
        .default(DEFAULT_ADMIN_ADDRESS),
    )
    .addOption(
      new Option('--shutdown-timeout <duration>', 'how long a stop may take').default('25s'),
    )
    .addOption(
      new Option('--log-level <level>', 'least level logged').choices(LOG_LEVELS).default('info'),
    )
    .addOption(
      new Option('--log-format <format>', 'text is the default on a terminal, else json').choices(
        LOG_FORMATS,
      ),
    )
    .addHelpText(
      'after',
      `
Examples:
  flume run -f web-logs.yaml
  flume run -f manifests/ --agent hub --data-dir /var/lib/flume
  flume run -f web-logs.yaml --admin 127.0.0.1:0   takes a free port; flume status finds it

Exit codes: 0 stopped in order; 1 failed, or events of a memory channel were left at the deadline;
2 mistakes in the configuration or the command line; 130 ended by a second Ctrl-C.
`,
    )
    .action(async (options: Omit<RunCommandOptions, 'colour' | 'exit'>) => {
      const { run } = await import('./run-command.ts')
      const logFormat = options.logFormat ?? (shell.terminal.stderr ? 'text' : 'json')
      const colour = shell.colour && shell.terminal.stderr
      outcome.code = await run({ ...options, logFormat, colour, exit: shell.exit }, OUT)
    })
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
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExample:\n  flume validate -f manifests/\n\nExit codes: 0 valid; 2 mistakes.\n',
    )
    .action(async (options: { file: string[]; agent?: string; output: 'text' | 'json' }) => {
      const { validate } = await import('./validate.ts')
      const { file: files, ...rest } = options
      outcome.code = await validate({ files, ...rest }, OUT)
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

async function disk() {
  const { nodeDisk } = await import('../lib/disk.ts')
  return nodeDisk
}

function parseOrdinal(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a number from 0.')
  return Number(text)
}

function checkAddress(text: string): string {
  if (parseAddress(text) === undefined) {
    throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:8081.')
  }
  return text
}
