const apiVersion = 'flume-operator.io/v1alpha1'

/** Where the agents of the tests write to, on their volumes. */
export const OUTPUT = '/var/lib/flume/out'
/** A place in the image, whose root cannot be written to: nothing is delivered there. */
export const UNWRITABLE = '/opt/out'

export function pool(name: string, spec: object): object {
  return { apiVersion, kind: 'FlumeAgent', metadata: { name }, spec }
}

export interface FlowOptions {
  readonly port?: number
  readonly directory?: string
  readonly rollInterval?: string
  /** Value of a header that all events get: what changes when a flow is to change. */
  readonly mark?: string
  /** What the source has beside. */
  readonly http?: object
  readonly agentRef?: { readonly name: string } | undefined
}

/** From HTTP through a file channel to files. */
export function flow(name: string, options: FlowOptions): object {
  const { port = 8080, directory = OUTPUT, rollInterval = '1m', mark, http, agentRef } = options
  const interceptors = mark === undefined ? [] : [{ static: { key: 'mark', value: mark } }]
  const spec = {
    ...(agentRef === undefined ? {} : { agentRef }),
    sources: [{ name: 'in', http: { port, ...http }, interceptors }],
    channels: [{ name: 'disk', file: { capacity: '256Mi' } }],
    sinks: [{ name: 'out', channel: 'disk', file: { directory, rollInterval } }],
  }
  return { apiVersion, kind: 'FlumeFlow', metadata: { name }, spec }
}
