import { LABELS } from './constants.ts'
import type { LiveObject } from './live.ts'
import type { FlumeFlow } from './types.ts'

/** `namespace/pool`: what the controller works on at a time. */
export function poolKey(namespace: string | undefined, pool: string): string {
  return `${namespace ?? ''}/${pool}`
}

/** The pool that a flow runs in: the one it names, else one of its own. */
export function poolOf({ metadata, spec }: FlumeFlow): string {
  return spec.agentRef?.name ?? metadata.name
}

/** The pools that its sinks hand events to, each once. */
export function targetsOf({ spec }: FlumeFlow): readonly string[] {
  const names = (spec.sinks ?? []).flatMap((sink) => {
    const agent = sink['agent'] as { readonly name?: unknown } | null | undefined
    return typeof agent?.name === 'string' ? [agent.name] : []
  })
  return [...new Set(names)]
}

/** The pool that an object was made for. */
export function poolOfObject({ metadata }: LiveObject): string | undefined {
  return metadata.labels?.[LABELS.agent]
}
