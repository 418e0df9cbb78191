import { isDropped } from './input.ts'

/** The flows under which agents are killed. */
export interface Scenario {
  readonly name: string
  /** Each start runs the next of them; the last start runs the first. */
  readonly manifests: readonly ((paths: ScenarioPaths) => string)[]
  /**
   * Groups of output directories: each event is to be in each group once, in whichever directory of
   * the group.
   */
  readonly outputs: readonly (readonly string[])[]
  /** Directories that get a part of the events: what is there must be whole and was written. */
  readonly partial: readonly string[]
  readonly format: 'text' | 'json'
  readonly isExpected: (id: number) => boolean
  /** The type of its channels. */
  readonly channel: 'file' | 'memory'
  /** Events may come twice: out of a memory channel, and when a crash meets a change of routing. */
  readonly mayRepeat: boolean
  readonly linesPerSecond: number
}

export interface ScenarioPaths {
  readonly input: string
  readonly output: (name: string) => string
}

const SMALL_CHANNEL = 'file: { capacity: 8Mi, segmentSize: 1Mi }'

const INTERCEPTORS = `
      interceptors:
        - timestamp: {}
        - static: { key: tier, value: gold }
        - regexFilter: { regex: '^[0-9]{8} DEBUG ', exclude: true }`

const all = (): boolean => true

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'tail → file channel → file',
    manifests: [
      (paths) => flow(paths, { channels: ['disk: file: {}'], sinks: ['out'], sinkExtra: '' }),
    ],
    outputs: [['out']],
    partial: [],
    format: 'text',
    isExpected: all,
    channel: 'file',
    mayRepeat: false,
    linesPerSecond: 6000,
  },
  {
    name: 'tail → interceptors → small segments → small JSON files',
    manifests: [
      (paths) =>
        flow(paths, {
          interceptors: INTERCEPTORS,
          channels: [`disk: ${SMALL_CHANNEL}`],
          sinks: ['out'],
          sinkExtra: ', format: json, rollSize: 512Ki',
        }),
    ],
    outputs: [['out']],
    partial: [],
    format: 'json',
    isExpected: (id) => !isDropped(id),
    channel: 'file',
    mayRepeat: false,
    linesPerSecond: 12_000,
  },
  {
    name: 'tail → two file channels → two files',
    manifests: [
      (paths) =>
        flow(paths, {
          interceptors: INTERCEPTORS,
          channels: [`left: ${SMALL_CHANNEL}`, 'right: file: {}'],
          sinks: ['left', 'right'],
          sinkExtra: ', rollSize: 1Mi',
        }),
    ],
    outputs: [['left'], ['right']],
    partial: [],
    format: 'text',
    isExpected: (id) => !isDropped(id),
    channel: 'file',
    mayRepeat: false,
    linesPerSecond: 8000,
  },
  {
    name: 'tail → small segments → two files that share a channel',
    manifests: [
      (paths) =>
        flow(paths, {
          channels: [`disk: ${SMALL_CHANNEL}`],
          sinks: ['one', 'two'],
          sinkExtra: ', rollSize: 256Ki',
        }),
    ],
    outputs: [['one', 'two']],
    partial: [],
    format: 'text',
    isExpected: all,
    channel: 'file',
    mayRepeat: false,
    linesPerSecond: 12_000,
  },
  {
    name: 'tail → memory channel → file',
    manifests: [
      (paths) => flow(paths, { channels: ['memory: memory: {}'], sinks: ['out'], sinkExtra: '' }),
    ],
    outputs: [['out']],
    partial: [],
    format: 'text',
    isExpected: all,
    channel: 'memory',
    mayRepeat: true,
    linesPerSecond: 6000,
  },
  {
    name: 'a second channel that comes and goes',
    manifests: [
      (paths) => flow(paths, { channels: ['one: file: {}'], sinks: ['one'], sinkExtra: '' }),
      (paths) =>
        flow(paths, {
          channels: ['one: file: {}', `two: ${SMALL_CHANNEL}`],
          sinks: ['one', 'two'],
          sinkExtra: '',
        }),
    ],
    outputs: [['one']],
    partial: ['two'],
    format: 'text',
    isExpected: all,
    channel: 'file',
    mayRepeat: true,
    linesPerSecond: 6000,
  },
]

interface FlowParts {
  readonly interceptors?: string
  /** `name: type: {…}` */
  readonly channels: readonly string[]
  /** Names of sinks, and of their directories. With two channels, sink i drains channel i. */
  readonly sinks: readonly string[]
  readonly sinkExtra: string
}

function flow(paths: ScenarioPaths, parts: FlowParts): string {
  const channels = parts.channels.map((each) => {
    const at = each.indexOf(': ')
    return { name: each.slice(0, at), component: each.slice(at + 2) }
  })
  const sinks = parts.sinks.map((name, i) => {
    const channel = channels[channels.length === 1 ? 0 : i]!.name
    return `    - name: ${name}
      channel: ${channel}
      file: { directory: ${paths.output(name)}${parts.sinkExtra} }`
  })
  return `apiVersion: flume-operator.io/v1alpha1
kind: FlumeFlow
metadata: { name: crash }
spec:
  sources:
    - name: in
      tail: { files: ['${paths.input}/app.log*'], scanInterval: 100ms, pollInterval: 20ms }${parts.interceptors ?? ''}
  channels:
${channels.map(({ name, component }) => `    - name: ${name}\n      ${component}`).join('\n')}
  sinks:
${sinks.join('\n')}
`
}
