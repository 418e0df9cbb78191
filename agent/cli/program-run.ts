import { Option } from 'commander'
import type { Command } from 'commander'
import { DEFAULT_ADMIN_ADDRESS } from './address.ts'
import { addPort } from './bindings.ts'
import {
  agentAddressOption,
  agentOption,
  checkAddress,
  dataDirOption,
  deliveredOption,
  fileOption,
  filesOption,
  logFormatOption,
  logLevelOption,
  outputOption,
  parseDescriptor,
  parseOrdinal,
  pluginsDirOption,
  secretsDirOption,
  shutdownOption,
} from './options.ts'
import { print, printError } from './output.ts'
import type { RunCommandOptions } from './run-command.ts'
import type { UpCommandOptions } from './up/command.ts'

/** What the process is to the commands. */
export interface Shell {
  /** Whether a person reads the standard output or error output. */
  readonly terminal: { readonly stdout: boolean; readonly stderr: boolean }
  /** Whether colours are wanted where a person reads. */
  readonly colour: boolean
  readonly exit: (code: number) => never
}

/** What a command ends with; set by its action. */
export interface Outcome {
  code: number
}

const OUT = { stdout: print, stderr: printError }

export function addRun(program: Command, outcome: Outcome, shell: Shell): void {
  program
    .command('run')
    .summary('run an agent in this process')
    .description(
      'Runs one agent until SIGTERM or Ctrl-C, which let it deliver what is in memory first. A changed file, or SIGHUP, is checked and then applied to the flows it concerns; a file with mistakes changes nothing.',
    )
    .addOption(filesOption())
    .addOption(deliveredOption())
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
        'where to serve /livez, /readyz, /metrics, /status; :8081 for all interfaces; port 0: a free one',
      )
        .argParser(checkAddress)
        .default(DEFAULT_ADMIN_ADDRESS),
    )
    .addOption(agentAddressOption())
    .addOption(
      new Option(
        '--port <flow/source=port>',
        'the port of a listening source instead of the written one, once for each source; 0: a free one',
      ).argParser(addPort),
    )
    .addOption(pluginsDirOption())
    .addOption(secretsDirOption())
    .addOption(shutdownOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption('text is the default on a terminal, else json'))
    .addOption(
      new Option(
        '--exit-with-parent <descriptor>',
        'stop when this inherited pipe closes, as it does when the parent process ends',
      ).argParser(parseDescriptor),
    )
    .addHelpText(
      'after',
      `
Examples:
  flume run -f web-logs.yaml
  flume run -f manifests/ --agent hub --data-dir /var/lib/flume
  flume run -f web-logs.yaml --admin 127.0.0.1:0   takes a free port; flume status finds it
  flume run --delivered /etc/flume/config --agent hub   as in a pod of the operator

Exit codes: 0 stopped in order; 1 failed, or events of a memory channel were left at the deadline;
2 mistakes in the configuration or the command line; 130 ended by a second Ctrl-C.
`,
    )
    .action(async (options: Omit<RunCommandOptions, 'colour' | 'exit'>, command: Command) => {
      if (options.file === undefined && options.delivered === undefined)
        command.error("error: required option '-f, --file <path...>' not specified")
      if (options.delivered !== undefined && options.agent === undefined)
        command.error("error: option '--delivered <dir>' needs '--agent <name>'")
      const { run } = await import('./run-command.ts')
      const logFormat = options.logFormat ?? (shell.terminal.stderr ? 'text' : 'json')
      const colour = shell.colour && shell.terminal.stderr
      outcome.code = await run({ ...options, logFormat, colour, exit: shell.exit }, OUT)
    })
}

export function addUp(program: Command, outcome: Outcome, shell: Shell): void {
  program
    .command('up')
    .summary('run all agents of the input on this machine')
    .description(
      'Runs every agent of the input in a process of its own, as often as its replicas say, and starts again what ends. Finds a port for each and tells agents where the others are. A changed file, or SIGHUP, is checked first and then applied to one replica after the other; an agent with mistakes goes on as before, or does not start.',
    )
    .addOption(fileOption())
    .addOption(dataDirOption())
    .addOption(agentAddressOption())
    .addOption(pluginsDirOption())
    .addOption(secretsDirOption())
    .addOption(shutdownOption())
    .addOption(logLevelOption())
    .addOption(logFormatOption('of the logs below <data-dir>/logs; json is the default'))
    .addOption(outputOption())
    .addHelpText(
      'after',
      `
Examples:
  flume up -f manifests/
  flume up -f manifests/ --data-dir /var/lib/flume --output json

On a terminal a table shows every replica, anew each second; else a line says what happens. With
--output json the standard output has one line of JSON each second. Ctrl-C stops all agents in order.

Exit codes: 0 stopped in order; 1 failed, or events of a memory channel were left at the deadline;
2 no agent without mistakes, or mistakes in the command line; 130 ended by a second Ctrl-C.
`,
    )
    .action(async (options: Omit<UpCommandOptions, 'terminal' | 'exit'>) => {
      const { up } = await import('./up/command.ts')
      outcome.code = await up(
        { ...options, terminal: shell.terminal.stdout, exit: shell.exit },
        OUT,
      )
    })
}
