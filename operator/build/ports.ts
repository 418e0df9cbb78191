import type { Listener } from '../../agent/config/listeners.ts'
import { formatPath } from '../../agent/config/problem.ts'

/** Of the admin server of an agent: probes, metrics, status. */
export const ADMIN_PORT = 8081

/** The ports of the pods of a pool, given out flow by flow: all flows are in every pod. */
export class PortBook {
  readonly #taken = new Map([[ADMIN_PORT, 'the agent itself, for probes and metrics']])

  /** Why these sources of a flow cannot listen beside those that do already; undefined if they can. */
  conflict(listeners: readonly Listener[]): string | undefined {
    const taken = new Map(this.#taken)
    for (const listener of listeners) {
      const { port, path, source } = listener
      if (port === 0)
        return `${formatPath(path)}: port 0 is any that is free, and no sender could find it in a pod. Give the source ${source} a port`
      const holder = taken.get(port)
      if (holder !== undefined)
        return `${formatPath(path)}: port ${port} is taken by ${holder}. Give one of them another port`
      taken.set(port, nameOf(listener))
    }
    return undefined
  }

  take(listeners: readonly Listener[]): void {
    for (const listener of listeners) this.#taken.set(listener.port, nameOf(listener))
  }
}

function nameOf({ type, flow, source }: Listener): string {
  return `the ${type} source ${flow}/${source}`
}
