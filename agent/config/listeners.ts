import { faultAt } from './across.ts'
import type { Fault } from './across.ts'
import { listenAddress } from './hops.ts'
import type { Manifest } from './manifests.ts'

/** A source that listens. */
export interface Listener {
  readonly manifest: Manifest
  readonly flow: string
  readonly source: string
  readonly type: string
  readonly host: string
  /** As written; 0: any that is free. */
  readonly port: number
  /** From the manifest to the port. */
  readonly path: readonly (string | number)[]
}

/** The listening sources of an agent, in the order of the manifests. */
export function listenersOf(manifests: readonly Manifest[], agent: string): Listener[] {
  return manifests
    .filter((each) => each.agent === agent)
    .flatMap((manifest) => {
      const { flow } = manifest
      return (flow?.sources ?? []).flatMap((source) => {
        const address = listenAddress(source)
        if (flow?.name === undefined || source.name === undefined || address === undefined)
          return []
        const type = source.types[0]!
        const path = [...source.path, type, 'port']
        return [{ manifest, flow: flow.name, source: source.name, type, path, ...address }]
      })
    })
}

/** Listeners of one machine that would take each other's port; each but the first is reported. */
export function checkPorts(listeners: readonly Listener[]): Fault[] {
  return listeners.flatMap((listener, i) => {
    const earlier = listeners.slice(0, i).find((each) => collide(each, listener))
    if (earlier === undefined) return []
    const { manifest, path } = listener
    const other = earlier.manifest.agent
    const whose = other === manifest.agent ? '' : ` of the agent ${JSON.stringify(other)}`
    const message = `port ${listener.port} is taken by the ${earlier.type} source ${earlier.flow}/${earlier.source}${whose}. Give one of them another port`
    return [faultAt(manifest, 'FLM1310', path, message)]
  })
}

const ANY = new Set(['0.0.0.0', '::'])

function collide(a: Listener, b: Listener): boolean {
  if (a.port !== b.port || a.port === 0) return false
  return a.host === b.host || ANY.has(a.host) || ANY.has(b.host)
}
