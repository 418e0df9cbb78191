import { InvalidArgumentError, Option } from 'commander'
import type { LogFormat, LogLevel } from '../telemetry/log-options.ts'
import { parseAddress } from './address.ts'
import { addAgentAddress } from './bindings.ts'

/* Options that several commands have. Each command gets its own objects. */

const DEFAULT_DATA_DIR = './flume-data'
const LOG_LEVELS: readonly LogLevel[] = ['debug', 'info', 'warn', 'error']
const LOG_FORMATS: readonly LogFormat[] = ['json', 'text']

export const filesOption = (): Option =>
  new Option(
    '-f, --file <path...>',
    'manifests: files, directories of .yaml files, or - for the standard input',
  )

export const fileOption = (): Option => filesOption().makeOptionMandatory()

export const deliveredOption = (): Option =>
  new Option(
    '--delivered <dir>',
    'instead of manifests: the directory with the flows that an operator delivers, such as a mounted ConfigMap; needs --agent',
  ).conflicts(['file', 'agentAddress', 'port', 'exitWithParent'])

export const agentOption = (): Option =>
  new Option('--agent <name>', 'which agent of the input; needed when it defines several')

export const outputOption = (): Option =>
  new Option('--output <format>', 'for people or for programs')
    .choices(['text', 'json'])
    .default('text')

export const dataDirOption = (): Option =>
  new Option('--data-dir <dir>', 'where agents keep their channels').default(DEFAULT_DATA_DIR)

export const agentAddressOption = (): Option =>
  new Option(
    '--agent-address <name=addresses>',
    'where the replicas of an agent listen that flows hand events to: NAME=HOST:PORT[,HOST:PORT]; once for each agent',
  ).argParser(addAgentAddress)

export const pluginsDirOption = (): Option =>
  new Option(
    '--plugins-dir <dir>',
    'where the modules of custom interceptors lie; "plugins" beside the manifests if not given',
  )

export const secretsDirOption = (): Option =>
  new Option(
    '--secrets-dir <dir>',
    'where the Secrets lie that flows refer to, as files <dir>/<secret>/<key>',
  )

export const shutdownOption = (): Option =>
  new Option('--shutdown-timeout <duration>', 'how long a stop may take').default('25s')

export const logLevelOption = (): Option =>
  new Option('--log-level <level>', 'least level logged').choices(LOG_LEVELS).default('info')

export const logFormatOption = (by: string): Option =>
  new Option('--log-format <format>', by).choices(LOG_FORMATS)

export function parseOrdinal(text: string): number {
  if (!/^[0-9]{1,6}$/.test(text)) throw new InvalidArgumentError('Expected a number from 0.')
  return Number(text)
}

export function checkAddress(text: string): string {
  if (parseAddress(text) === undefined) {
    throw new InvalidArgumentError('Expected HOST:PORT, such as 127.0.0.1:8081.')
  }
  return text
}

/** The standard ones are taken. */
export function parseDescriptor(text: string): number {
  if (!/^[0-9]{1,4}$/.test(text) || Number(text) < 3)
    throw new InvalidArgumentError('Expected the number of a descriptor from 3.')
  return Number(text)
}
