import { deliveredKey, readDelivered } from '../../agent/config/delivered.ts'
import type { DeliveredFlow } from '../../agent/config/delivered.ts'
import type { ConfigMap, LiveObject } from '../api/live.ts'

/** The ConfigMap among the objects of a pool; there is one. */
export function configMapOf({
  objects,
}: {
  readonly objects: readonly LiveObject[]
}): ConfigMap | undefined {
  return objects.find((each): each is ConfigMap => each.kind === 'ConfigMap')
}

/** Objects of the caches never change: each is read once. */
const read = new WeakMap<ConfigMap, ReadonlyMap<string, DeliveredFlow>>()

/** The versions that the agents have: the last good ones. */
export function storedFlows(configMap: ConfigMap | undefined): ReadonlyMap<string, DeliveredFlow> {
  if (configMap === undefined) return new Map()
  const known = read.get(configMap)
  if (known !== undefined) return known
  const flows = new Map<string, DeliveredFlow>()
  for (const [key, text] of Object.entries(configMap.data ?? {})) {
    const parsed = readDelivered(text)
    if ('flow' in parsed && key === deliveredKey(parsed.flow.flow))
      flows.set(parsed.flow.flow, parsed.flow)
  }
  read.set(configMap, flows)
  return flows
}
